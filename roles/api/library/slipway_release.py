"""The Ansible module `slipway_release`: the old release serves until the new one is proved."""

from ansible.module_utils import slipway_files, slipway_record
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.slipway_colours import CURRENT
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
    description: How long it may take to answer a model's golden rows, all in one request.
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
    if not module.check_mode:
        # What a run that was killed has not come to put in its place.
        for path in (release.colours.place(CURRENT), given["record"]):
            slipway_files.remove(f"{path}.new")
    if not given["image"]:
        return {"changed": withdraw(module, release), "seconds": {}}
    serves = release.serves()
    if module.check_mode:
        return {"changed": not serves, "seconds": {}}
    if not serves:
        release.replace()
    try:
        tidied = tidy(module, release)
    except (DockerError, OSError) as error:
        raise ReleaseError(f"{release.title()} serves, but what comes after that failed: {error}") from error
    return {"changed": not serves or tidied, "seconds": release.seconds}


def withdraw(module, release):
    """Have nothing served; return whether that changes anything."""
    if module.check_mode:
        return release.colours.present()
    withdrawn = release.withdraw()
    return slipway_record.remove(module.params["record"]) or withdrawn


def tidy(module, release):
    """Retire the old one, and record; also what a run that was cut off left to do. Return whether there was any."""
    release.admit(release.colours.live())
    retired = release.retire()
    path = module.params["record"]
    if recorded := slipway_record.differs(path, release.document()):
        slipway_record.write(path, release.document())
        module.log(f"{release.title()} serves, {release.colours.live()}: {release.seconds}")
    complaints = slipway_record.prune(release.docker, slipway_record.read(path), module.params["bundles"])
    for complaint in complaints if recorded else ():
        module.warn(complaint)
    return retired or recorded


def main():
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    try:
        module.exit_json(**run(module))
    except (ReleaseError, DockerError, OSError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
