"""Our own Ansible plugins. `ansible.cfg` names the folders; `agent/scope.py` says which roles use which file.

Imports inside `plugins/` are relative. Ansible runs a module as `ansible.modules.<name>` and its shared code as
`ansible.module_utils.slipway.<name>`; tests and mypy read the same files as `plugins.modules.<name>` and
`plugins.module_utils.slipway.<name>`. A relative import is right under both names.
"""
