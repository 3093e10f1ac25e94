"""AWS's own CLI, several commands in one process: most of a command's time is its start.

Reads a list of commands (lists of words) as JSON, answers a list of [exit code, stdout, stderr].
"""

import contextlib
import io
import json
import sys


def main():
    from awscli.clidriver import create_clidriver
    driver, said = create_clidriver(), []
    for words in json.load(sys.stdin):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = driver.main(words)
            except SystemExit as end:
                code = end.code
        said.append([code, out.getvalue(), err.getvalue()])
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
