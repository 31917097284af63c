"""The Ansible module `slipway_release`: the previous release serves until the new one has proved itself."""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.slipway import files, haproxy
from ..module_utils.slipway.colours import COLOURS, CURRENT, SERVING
from ..module_utils.slipway.deployment import Deployment, DeploymentError
from ..module_utils.slipway.docker import Docker, DockerError, engine_answers
from ..module_utils.slipway.gateway import GatewayError

DOCUMENTATION = r"""
module: slipway_release
short_description: Put a release into service, blue-green
description:
  - Starts a container of the idle colour beside the one that serves, waits until it is ready, sends it the golden rows
    of each model, and then makes the link C(<folder>/serving/<colour>), which the gateway looks for. From then on the
    new container gets all requests; the old one finishes those that it has and is removed.
  - If a step fails, the old container keeps serving.
options:
  image:
    description: The image by digest. If it is empty, nothing is released, and nothing serves.
    type: str
    required: true
  models:
    description: The models of release.yml, by name, each with C(uri) and C(sha256).
    type: dict
    required: true
  default_model:
    description: The model that answers a request that names none.
    type: str
    required: true
  folder:
    description: Where the colours have their sockets.
    type: path
    required: true
  gateway:
    description: The runtime socket of the gateway.
    type: path
    required: true
  group:
    description: The group that may open the sockets, which is the gateway's.
    type: str
    required: true
  bundles:
    description: Where the bundles are, each in a folder named by its sha256.
    type: path
    required: true
  record:
    description: The file that says what this host serves, and what it served before.
    type: path
    required: true
  options:
    description: More options of C(docker run).
    type: list
    elements: str
    required: true
  ready_seconds:
    description: How long the new container may take to be ready.
    type: int
    required: true
  golden_limit_ms:
    description: How long it may take to answer all golden rows of a model in one request.
    type: int
    required: true
  drain_seconds:
    description: How long the old container may take to finish its requests.
    type: int
    required: true
  shares:
    description: The file of the gateway's map that says how it shares requests between the colours.
    type: path
    required: true
  master:
    description: The socket of the gateway's main process.
    type: path
    default: /run/haproxy/master.sock
  steps:
    description:
      - How many percent of the requests the new container gets, for how many seconds, before it gets all of them.
        During each step its answers are compared with those of the old one.
      - If there are none, or nothing serves yet, or the gateway does not run, it gets all of them at once.
    type: list
    elements: dict
    default: []
  max_error_ratio:
    description: How much larger its share of failed requests may be than that of the old one.
    type: float
    default: 0.02
  max_latency_ratio:
    description: How many times the old one's mean time to answer it may take.
    type: float
    default: 2
  min_requests:
    description: A step in which either container gives fewer answers is not judged.
    type: int
    default: 50
"""
EXAMPLES = r"""
- name: Put the release into service
  slipway_release:
    image: registry.example.com/slipway-api@sha256:...
    models: {california: {uri: "models:/california/7", sha256: "..."}}
    default_model: california
    folder: /var/lib/slipway/api
    gateway: /run/haproxy/admin.sock
    group: haproxy
    bundles: /var/lib/slipway/models
    record: /var/lib/slipway/release.json
    options: [--network=none]
    ready_seconds: 30
    golden_limit_ms: 250
    drain_seconds: 10
    shares: /etc/slipway/shares.map
    steps: [{percent: 5, seconds: 60}, {percent: 50, seconds: 60}]
"""
RETURN = r"""
seconds:
  description: How long each step took, in seconds.
  returned: always
  type: dict
steps:
  description: What each step saw of both containers.
  returned: always
  type: list
warnings:
  description: What could not be removed of earlier releases.
  returned: if there is any
  type: list
"""
SPEC = {
    **{name: {"type": "str", "required": True} for name in ("image", "default_model", "group")},
    **{name: {"type": "path", "required": True} for name in ("folder", "gateway", "bundles", "record", "shares")},
    **{name: {"type": "int", "required": True} for name in ("ready_seconds", "golden_limit_ms", "drain_seconds")},
    "models": {"type": "dict", "required": True},
    "options": {"type": "list", "elements": "str", "required": True},
    "master": {"type": "path", "default": haproxy.MASTER},
    "steps": {"type": "list", "elements": "dict", "default": []},
    "max_error_ratio": {"type": "float", "default": 0.02},
    "max_latency_ratio": {"type": "float", "default": 2.0},
    "min_requests": {"type": "int", "default": 50},
}


def run(module: Any) -> dict[str, Any]:
    """Put the release into service, or take it out; return the result for Ansible."""
    released = bool(module.params["image"])
    if module.check_mode and not engine_answers(module):
        return {"changed": released}
    deployment = Deployment(module, Docker(module.run_command))
    if module.check_mode:
        changed = not deployment.is_in_service() if released else deployment.colours.exist()
        return {"changed": changed, "seconds": {}, "steps": []}
    remove_unfinished(deployment)
    changed = deployment.deploy() if released else deployment.withdraw()
    # The journal shows a diff of every change.
    said = [*deployment.steps, *([deployment.serves] if deployment.serves else [])]
    shown = {"diff": {"prepared": "".join(f"{line}\n" for line in said)}} if said else {}
    return {"changed": changed, "seconds": deployment.seconds, "steps": deployment.steps, **shown}


def remove_unfinished(deployment: Deployment) -> None:
    """Remove files that a killed run wrote but did not put in their place."""
    links = [deployment.colours.path(name) for name in (CURRENT, *(f"{SERVING}/{colour}" for colour in COLOURS))]
    written = (deployment.settings["record"], deployment.settings["shares"], deployment.taken_back)
    for path in (*links, *written):
        files.remove(f"{path}.new")


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    try:
        module.exit_json(**run(module))
    except (DeploymentError, DockerError, GatewayError, haproxy.HAProxyError, OSError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
