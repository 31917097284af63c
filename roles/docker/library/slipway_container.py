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
options:
  name:
    description: The container's name.
    type: str
    required: true
  image:
    description: The image by digest.
    type: str
    required: true
  options:
    description: What C(docker run) is told.
    type: list
    elements: str
    required: true
  command:
    description: What the container runs.
    type: list
    elements: str
    required: true
  reads:
    description: Files that it reads only when it starts. It is started again when one of them is newer.
    type: list
    elements: path
    default: []
  url:
    description: What it has to answer with success.
    type: str
    required: true
  seconds:
    description: How long that may take.
    type: int
    required: true
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
  description: Why it was replaced; empty where it was not.
  returned: always
  type: str
"""
SPEC = {
    **{name: {"type": "str", "required": True} for name in ("name", "image", "url")},
    **{name: {"type": "list", "elements": "str", "required": True} for name in ("options", "command")},
    "reads": {"type": "list", "elements": "path", "default": []},
    "seconds": {"type": "int", "required": True},
}


def run(module):
    """Have it run; return what Ansible is told."""
    if module.check_mode and not engine_answers(module):
        return {"changed": True, "reason": "is not there"}
    service = Service(module.params, Docker(module.run_command))
    reason = service.lacks()
    if not module.check_mode:
        old = service.replace() if reason else None
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
    module = AnsibleModule(SPEC, supports_check_mode=True)
    try:
        module.exit_json(**run(module))
    except (ServiceError, DockerError, OSError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
