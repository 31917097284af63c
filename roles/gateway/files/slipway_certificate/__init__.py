"""The command `slipway-certificate`: keeps the gateway's certificate valid and HAProxy up to date with it.

It runs on the host with Debian's Python: the standard library, and `cryptography`, which Ansible depends on.
"""
