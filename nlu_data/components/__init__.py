"""Our own NLU components.

Rasa runs inside `nlu_data/`; the folder above is put on the path for `knowledge.vietnamese`,
the only module of the project that Rasa's environment imports.
"""

import sys
from pathlib import Path

_PROJECT = str(Path(__file__).resolve().parents[2])
if _PROJECT not in sys.path:
    sys.path.append(_PROJECT)
