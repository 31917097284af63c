"""The Ansible action `check_settings`: reads an environment and the release, and checks both with schema.py.

- name: Read the settings and the release
  check_settings:
    environment: prod

Each setting becomes a variable, and so does `release`. Their values are never rendered as templates. include_vars would
render them: whoever can write release.yml could then run commands as root.
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
    """Runs inside of Ansible itself; nothing is copied to a host."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Return the variables, or a failure with one sentence for each problem."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, options = self.validate_argument_spec({"environment": {"type": "str", "required": True}})
        schema = _schema()
        if problems := schema.problems(ROOT, options["environment"]):
            return result | {"changed": False, "failed": True, "msg": "; ".join(problems)}
        return result | {"changed": False, "ansible_facts": wrap_var(schema.read(ROOT, options["environment"]))}


def _schema() -> ModuleType:
    # Ansible loads an action by its path and puts nothing of the checkout on the Python path, so this has to load the
    # schema by its path too. A relative import, as in modules, reaches only what Ansible copies.
    spec = importlib.util.spec_from_file_location("slipway_schema", ROOT / "environments" / "schema.py")
    if spec is None or spec.loader is None:
        raise ImportError("environments/schema.py is missing")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look up their module by its name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
