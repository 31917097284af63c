"""The Ansible module `slipway_release`: the old release serves until the new one is proved."""

from ansible.module_utils import slipway_record
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.slipway_docker import Docker, DockerError, engine_answers
from ansible.module_utils.slipway_serving import Release, ReleaseError

DOCUMENTATION = r"""
module: slipway_release
short_description: Serve a release, blue and green
description:
  - Starts a container of the other colour beside the one that serves, waits until it is ready, asks it the golden rows
    of each model, and then turns the link C(<folder>/current), which the gateway follows, to it. Requests go to the new
    one from that moment; the old one finishes those that it has and is removed.
  - Whatever fails on the way leaves the old one serving.
options:
  image:
    description: The image by digest; empty means that nothing is released, and nothing is served.
    type: str
    required: true
  models:
    description: The models of release.yml, by name, each with C(uri) and C(sha256).
    type: dict
    required: true
  default_model:
    description: The model that answers where a request names none.
    type: str
    required: true
  folder:
    description: Where the colours have their sockets.
    type: path
    required: true
  group:
    description: The group that may reach the sockets, which is the gateway's.
    type: str
    required: true
  bundles:
    description: Where the bundles are, each in a folder named by its sha256.
    type: path
    required: true
  record:
    description: The file that says what is served, and what was before it.
    type: path
    required: true
  options:
    description: What C(docker run) is told besides.
    type: list
    elements: str
    required: true
  ready_seconds:
    description: How long the new one may take to be ready.
    type: int
    required: true
  golden_limit_ms:
    description: How long it may take to answer a model's golden rows.
    type: int
    required: true
  drain_seconds:
    description: How long the old one may take to finish what it has.
    type: int
    required: true
"""
EXAMPLES = r"""
- name: Serve the release
  slipway_release:
    image: registry.example.com/slipway-api@sha256:...
    models: {california: {uri: "models:/california/7", sha256: "..."}}
    default_model: california
    folder: /var/lib/slipway/api
    group: caddy
    bundles: /var/lib/slipway/models
    record: /var/lib/slipway/release.json
    options: [--network=none]
    ready_seconds: 30
    golden_limit_ms: 250
    drain_seconds: 10
"""
RETURN = r"""
seconds:
  description: What each step took, in seconds.
  returned: always
  type: dict
warnings:
  description: What of earlier releases could not be removed.
  returned: when there is any
  type: list
"""
SPEC = {
    **{name: {"type": "str", "required": True} for name in ("image", "default_model", "group")},
    **{name: {"type": "path", "required": True} for name in ("folder", "bundles", "record")},
    **{name: {"type": "int", "required": True} for name in ("ready_seconds", "golden_limit_ms", "drain_seconds")},
    "models": {"type": "dict", "required": True},
    "options": {"type": "list", "elements": "str", "required": True},
}


def run(module):
    """Have the release served; return what Ansible is told."""
    given = module.params
    if module.check_mode and not engine_answers(module):
        return {"changed": bool(given["image"])}
    release = Release(given, Docker(module.run_command))
    if not given["image"]:
        changed = release.colours.live() is not None
        if changed and not module.check_mode:
            release.withdraw()
            slipway_record.remove(given["record"])
        return {"changed": changed, "seconds": {}}
    serves = release.serves()
    if module.check_mode:
        return {"changed": not serves, "seconds": {}}
    if not serves:
        release.replace()
    # Also what a run that was cut off after the switch left to do.
    retired = release.retire()
    if recorded := slipway_record.differs(given["record"], release.document()):
        record = slipway_record.write(given["record"], release.document())
        for complaint in slipway_record.prune(release.docker, record, given["bundles"]):
            module.warn(complaint)
        module.log(f"{release.title()} serves, {release.colours.live()}: {release.seconds}")
    return {"changed": not serves or retired or recorded, "seconds": release.seconds}


def main():
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    try:
        module.exit_json(**run(module))
    except (ReleaseError, DockerError, OSError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
