"""The Ansible module `slipway_container`: runs a container for good and waits until it answers."""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.slipway.container import Container, ContainerError
from ..module_utils.slipway.docker import Docker, DockerError, engine_answers

DOCUMENTATION = r"""
module: slipway_container
short_description: Run a container for good
description:
  - The container runs under Docker's own restart policy, and is replaced only if its description changed. The image
    that it ran before is then removed.
  - The module waits until the container answers; if it does not, the run fails with the last message of its log.
  - A container that had its time to start and does not answer is replaced.
options:
  state:
    description: Whether it runs or is removed. Its named volumes stay.
    type: str
    choices: [started, absent]
    default: started
  name:
    description: The container's name.
    type: str
    required: true
  image:
    description: The image by digest. This option and those below are required if the state is C(started).
    type: str
    required: false
  options:
    description: Options of C(docker run).
    type: list
    elements: str
    required: false
  command:
    description: The command that the container runs.
    type: list
    elements: str
    required: false
  reads:
    description: Files that it reads only when it starts. It is replaced if one of them is newer.
    type: list
    elements: path
    default: []
  url:
    description: The URL that has to answer with success.
    type: str
    required: false
  seconds:
    description: How long the first answer may take.
    type: int
    required: false
"""
EXAMPLES = r"""
- name: Run MLflow
  slipway_container:
    name: mlflow
    image: registry.example.com/slipway-mlops@sha256:...
    options: [--publish=127.0.0.1:5000:5000]
    command: [python, -P, /opt/slipway/mlops/serve.py]
    url: http://127.0.0.1:5000/health
    seconds: 60
"""
RETURN = r"""
reason:
  description: Why it was replaced; empty if it was not.
  returned: always
  type: str
"""
STARTED = ["image", "options", "command", "url", "seconds"]
SPEC = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["started", "absent"], "default": "started"},
    **{name: {"type": "str"} for name in ("image", "url")},
    **{name: {"type": "list", "elements": "str"} for name in ("options", "command")},
    "reads": {"type": "list", "elements": "path", "default": []},
    "seconds": {"type": "int"},
}


def run(module: Any) -> dict[str, Any]:
    """Start the container or remove it; return the result for Ansible."""
    wanted = module.params["state"] == "started"
    if module.check_mode and not engine_answers(module):
        return {"changed": wanted, "reason": "there is no such container" if wanted else ""}
    container = Container(module.params, Docker(module.run_command))
    if not wanted:
        return {"changed": bool(container.inspect()) if module.check_mode else container.remove(), "reason": ""}
    reason = container.outdated()
    if not module.check_mode and (reason := reason or container.stuck()):
        old_image = container.replace()
        container.await_answer()
        if old_image:
            remove_image(module, container.docker, old_image)
    return {"changed": bool(reason), "reason": reason}


def remove_image(module: Any, docker: Docker, image: str) -> None:
    """Remove the image that the container ran before; another container may still use it."""
    try:
        docker.run("image", "rm", image)
    except DockerError as error:
        module.warn(f"{module.params['name']}: its previous image stays: {error}")


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(SPEC, required_if=[("state", "started", STARTED)], supports_check_mode=True)
    try:
        module.exit_json(**run(module))
    except (ContainerError, DockerError, OSError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
