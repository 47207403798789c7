"""A Python beside the running desk: lets visitors and colleagues do things in it."""

import json
import os
import subprocess
import sys

from tests.product import BASE_DIR


class DeskShell:
    """One process for many calls: starting Django for each would cost seconds."""

    def __init__(self, environment):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.dashboard.desk_shell"],
            cwd=BASE_DIR,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, code, **values):
        """Run statements with `values` and the factories; gives back `result`."""
        self.process.stdin.write(json.dumps({"code": code, "values": values}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the shell has ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=20)


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
    import traceback

    import django

    django.setup()
    from conversations import services
    from conversations.models import Conversation, Message
    from supportdesk.accounts.models import Account, Role, User
    from tests import factories

    names = {
        "Account": Account,
        "Conversation": Conversation,
        "Message": Message,
        "Role": Role,
        "User": User,
        "make": factories,
        "services": services,
    }
    out, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        asked = json.loads(line)
        space = names | asked["values"] | {"result": None}
        try:
            exec(asked["code"], space)  # noqa: S102
            answer = {"result": space["result"]}
        except Exception:
            answer = {"error": traceback.format_exc()}
        out.write(json.dumps(answer) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
