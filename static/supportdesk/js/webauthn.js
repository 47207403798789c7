/* Forms that a security key fills in: `data-webauthn="create"` or `"get"`, with the
   server's options in the element that `data-options` names. */

function bytes(text) {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  if (!buffer) return undefined;
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

const withIds = (list) => (list ?? []).map((entry) => ({ ...entry, id: bytes(entry.id) }));

/** Browsers want bytes where JSON has text. */
function decoded(options) {
  const decodedOptions = { ...options, challenge: bytes(options.challenge) };
  if (options.user) decodedOptions.user = { ...options.user, id: bytes(options.user.id) };
  for (const name of ['allowCredentials', 'excludeCredentials']) {
    if (options[name]) decodedOptions[name] = withIds(options[name]);
  }
  return decodedOptions;
}

function encoded(credential) {
  const { response } = credential;
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: text(response.userHandle),
    },
  };
}

async function fill(form) {
  const { publicKey } = JSON.parse(document.getElementById(form.dataset.options).textContent);
  const ask = form.dataset.webauthn === 'create' ? 'create' : 'get';
  const credential = await navigator.credentials[ask]({ publicKey: decoded(publicKey) });
  form.elements.credential.value = JSON.stringify(encoded(credential));
}

for (const form of document.querySelectorAll('form[data-webauthn]')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const problem = form.querySelector('[data-webauthn-error]');
    problem.hidden = true;
    try {
      await fill(form);
    } catch {
      // Called off, taken too long, or no key there: the person may try again.
      problem.hidden = false;
      return;
    }
    form.submit();
  });
}
