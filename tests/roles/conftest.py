"""Roles' own Python is imported as Ansible imports it: under ansible.module_utils."""

import ansible.module_utils
from common import ROOT

ansible.module_utils.__path__.extend(str(folder) for folder in sorted(ROOT.glob("roles/*/module_utils")))
