/** Faces and pictures, drawn on canvases: a page's policy for images does not matter. */
const SHARP = 2;

export function createPictures({ h }, line) {
  const bitmaps = new Map();

  function load(path, width) {
    if (!bitmaps.has(path)) {
      const options = width ? { resizeWidth: width * SHARP, resizeQuality: "high" } : {};
      const loading = line.blob(path).then((blob) => createImageBitmap(blob, options));
      loading.catch(() => bitmaps.delete(path));
      bitmaps.set(path, loading);
    }
    return bitmaps.get(path);
  }

  async function paint(canvas, path, width) {
    const bitmap = await load(path, width);
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
  }

  return {
    face(agent, extra = "") {
      const element = h("span", { class: `w-face ${extra}`, "aria-hidden": "true" }, agent.initials || "·");
      if (agent.picture) {
        const canvas = h("canvas");
        const drawn = paint(canvas, `agents/${agent.id}/picture`, 36);
        drawn.then(() => element.replaceChildren(canvas), () => {});
      }
      return element;
    },
    image(file, label) {
      const width = Math.min(208, file.width);
      const height = Math.min(Math.round((width * file.height) / file.width), 280);
      const canvas = h("canvas", { width, height, role: "img", "aria-label": label });
      // It keeps its place until it is drawn: the log does not jump.
      canvas.style.aspectRatio = `${width} / ${height}`;
      paint(canvas, `files/${file.id}`, width).catch(() => {});
      return canvas;
    },
    async download(file) {
      const address = URL.createObjectURL(await line.blob(`files/${file.id}`));
      h("a", { href: address, download: file.name }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60000);
    },
  };
}
