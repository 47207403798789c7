"""A Python beside the running product: lets visitors and colleagues do things in it."""

import json
import os
import subprocess
import sys
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent


class Shell:
    """One process for many calls: starting Django for each would cost seconds."""

    def __init__(self, environment):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.shell"],
            cwd=BASE_DIR,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, code, **values):
        """Run statements with `values` and the factories; gives back `result`."""
        return self._ask(code, values)["result"]

    def print(self, code):
        """The same; gives back what they print."""
        return self._ask(code, {})["printed"]

    def _ask(self, code, values):
        self.process.stdin.write(json.dumps({"code": code, "values": values}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the shell has ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
    import contextlib
    import io
    import traceback

    import django

    django.setup()
    from django.db import connections

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
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                exec(asked["code"], space)  # noqa: S102
            answer = {"result": space["result"], "printed": printed.getvalue()}
        except Exception:
            answer = {"error": traceback.format_exc()}
        connections.close_all()
        out.write(json.dumps(answer) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
