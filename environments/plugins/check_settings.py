"""The Ansible action `check_settings`: reads an environment and the release, and refuses what schema.py does not allow.

- name: Read the settings and the release
  check_settings:
    environment: prod

Each setting becomes a variable, and so does `release`. include_vars would have their values rendered as templates, by
which whoever writes release.yml could run a command as root; values from here are never rendered.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.unsafe_proxy import wrap_var

ROOT = Path(__file__).resolve().parents[2]


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible publishes no types
    """Runs where Ansible runs: nothing is copied to a host."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Return the variables; or a result that has failed, with a sentence for each thing that is wrong."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, given = self.validate_argument_spec({"environment": {"type": "str", "required": True}})
        schema = _schema()
        if found := schema.problems(ROOT, given["environment"]):
            return result | {"changed": False, "failed": True, "msg": "; ".join(found)}
        return result | {"changed": False, "ansible_facts": wrap_var(schema.read(ROOT, given["environment"]))}


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
