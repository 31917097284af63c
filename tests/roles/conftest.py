"""Roles' own Python is imported as Ansible imports it: under ansible.module_utils and ansible.modules."""

import ansible.module_utils
import ansible.modules

from workstation.paths import ROOT

ansible.module_utils.__path__.extend(str(folder) for folder in sorted(ROOT.glob("roles/*/module_utils")))
ansible.modules.__path__.extend(str(folder) for folder in sorted(ROOT.glob("roles/*/library")))
