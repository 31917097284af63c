"""The Ansible action `check_settings`: refuses an environment or a release that environments/schema.py does not allow.

- name: Refuse settings that nobody reads, and values of the wrong kind
  check_settings:
    environment: prod
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from ansible.plugins.action import ActionBase

ROOT = Path(__file__).resolve().parents[2]


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible publishes no types
    """Runs where Ansible runs: nothing is copied to a host."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Return a result that has failed where something is wrong, with a sentence for each."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, given = self.validate_argument_spec({"environment": {"type": "str", "required": True}})
        found = _schema().problems(ROOT, given["environment"])
        return result | {"changed": False, "failed": bool(found), "msg": "; ".join(found) or "all known, all right"}


def _schema() -> ModuleType:
    # Ansible loads a plugin by its path: there is no package to import the file beside it from.
    spec = importlib.util.spec_from_file_location("slipway_schema", ROOT / "environments" / "schema.py")
    if spec is None or spec.loader is None:
        raise ImportError("environments/schema.py is not there")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by its name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
