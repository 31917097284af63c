"""The Ansible module `slipway_container`: a container runs for good, and answers."""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.slipway_docker import Docker, DockerError, engine_answers
from ansible.module_utils.slipway_service import Service, ServiceError

DOCUMENTATION = r"""
module: slipway_container
short_description: Run a container for good
description:
  - Runs under Docker's own restart policy, and is replaced only when its description changed.
  - The image that it ran before is removed then.
  - Waits until it answers; when it does not, the run fails with the last thing that the container said.
  - One that runs, had its time to start, and does not answer is replaced.
options:
  state:
    description: Whether it runs, or is removed; its volumes with a name stay.
    type: str
    choices: [started, absent]
    default: started
  name:
    description: The container's name.
    type: str
    required: true
  image:
    description: The image by digest. This and what follows is required for one that is started.
    type: str
    required: false
  options:
    description: What C(docker run) is told.
    type: list
    elements: str
    required: false
  command:
    description: What the container runs.
    type: list
    elements: str
    required: false
  reads:
    description: Files that it reads only when it starts. It is started again when one of them is newer.
    type: list
    elements: path
    default: []
  url:
    description: What it has to answer with success.
    type: str
    required: false
  seconds:
    description: How long that may take.
    type: int
    required: false
"""
EXAMPLES = r"""
- name: Run MLflow
  slipway_container:
    name: mlflow
    image: registry.example.com/slipway-mlops@sha256:...
    options: [--publish=127.0.0.1:5000:5000]
    command: [python, -P, -m, images.mlops.serve]
    url: http://127.0.0.1:5000/health
    seconds: 60
"""
RETURN = r"""
reason:
  description: Why it was replaced; empty where it was not.
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


def run(module):
    """Have it run, or gone; return what Ansible is told."""
    started = module.params["state"] == "started"
    if module.check_mode and not engine_answers(module):
        return {"changed": started, "reason": "is not there" if started else ""}
    service = Service(module.params, Docker(module.run_command))
    if not started:
        return {"changed": service.is_there() if module.check_mode else service.remove(), "reason": ""}
    reason = service.lacks()
    if not module.check_mode and (reason := reason or service.stuck()):
        old = service.replace()
        service.await_answer()
        if old:
            remove(module, service.docker, old)
    return {"changed": bool(reason), "reason": reason}


def remove(module, docker, image):
    """Remove the image that is not run any more; somebody else may have a use for it."""
    try:
        docker.run("image", "rm", image)
    except DockerError as error:
        module.warn(f"{module.params['name']}: the image that it ran before is still there: {error}")


def main():
    """Run as a module."""
    module = AnsibleModule(SPEC, required_if=[("state", "started", STARTED)], supports_check_mode=True)
    try:
        module.exit_json(**run(module))
    except (ServiceError, DockerError, OSError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
