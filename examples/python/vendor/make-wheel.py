"""Makes the wheel (PEP 427) beside this file: sorted, and without times, so that it is the same each time."""

import base64
import hashlib
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
NAME = "inflection_of_counts"
INFO = f"{NAME}-1.0.dist-info"
FILES = {
    f"{NAME}.py": (HERE / f"{NAME}.py").read_bytes(),
    f"{INFO}/METADATA": b"Metadata-Version: 2.1\nName: inflection-of-counts\nVersion: 1.0\n",
    f"{INFO}/WHEEL": b"Wheel-Version: 1.0\nGenerator: make-wheel\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}


def line(name: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}\n"


record = "".join(line(name, data) for name, data in FILES.items()) + f"{INFO}/RECORD,,\n"
with zipfile.ZipFile(HERE / f"{NAME}-1.0-py3-none-any.whl", "w") as wheel:
    for name, data in {**FILES, f"{INFO}/RECORD": record.encode()}.items():
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o644 << 16
        wheel.writestr(entry, data)
