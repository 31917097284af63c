"""The Ansible module `slipway_bundles`: fetches the bundles of a release and verifies every file."""

import json
import os
import shutil
import urllib.parse
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.slipway import files
from ..module_utils.slipway.bundle import BundleError, contents, verify
from ..module_utils.slipway.docker import Docker, DockerError

DOCUMENTATION = r"""
module: slipway_bundles
short_description: Fetch model bundles and verify every file
description:
  - A bundle goes to C(<folder>/<sha256>/), named by the sha256 of its manifest, and appears there only once it is
    whole.
  - A bundle that is there already is verified again, and fetched again if a file changed.
options:
  models:
    description: The models of release.yml, by name, each with C(uri) and C(sha256).
    type: dict
    required: true
  folder:
    description: Where bundles are kept.
    type: path
    required: true
  image:
    description: The image that fetches bundles from MLflow. It may be empty if every uri begins with C(file:).
    type: str
    required: true
  options:
    description: More options of C(docker run).
    type: list
    elements: str
    default: []
  timeout:
    description: How many seconds the fetch of one bundle may take. The limit lets the host see newer commits.
    type: int
    default: 100
"""
EXAMPLES = r"""
- name: Fetch the bundles
  slipway_bundles:
    models: {california: {uri: "models:/california/7", sha256: "..."}}
    folder: /var/lib/slipway/models
    image: registry.example.com/slipway-mlops@sha256:...
"""
RETURN = r"""
fetched:
  description: The names of the models whose bundles were fetched.
  returned: always
  type: list
"""

SPEC = {
    "models": {"type": "dict", "required": True},
    "folder": {"type": "path", "required": True},
    "image": {"type": "str", "required": True},
    "options": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "int", "default": 100},
}
# The user in all of our images, and the program in `mlops` that fetches.
UID = 10001
FETCH = "/opt/slipway/mlops/fetch.py"
# The name of its container: a container of this name at the start was left by a run that was killed.
CONTAINER = "slipway-fetch"
Models = dict[str, dict[str, str]]


def is_whole(folder: str, pin: str) -> bool:
    """Whether a bundle is there and every file is right."""
    try:
        verify(folder, pin)
    except (BundleError, OSError):
        return False
    return True


def remove_unfinished(docker: Docker, folder: str) -> None:
    """Remove what a run that was killed during a fetch left."""
    docker.remove(CONTAINER)
    if not os.path.isdir(folder):
        files.remove(folder)
        return
    for name in os.listdir(folder):
        if name.endswith(".new"):
            files.remove(os.path.join(folder, name))


def fetch_all(docker: Docker, settings: dict[str, Any], missing: Models) -> None:
    """Fetch the missing bundles; `settings` are the module's options."""
    os.makedirs(settings["folder"], mode=0o755, exist_ok=True)
    for name, model in missing.items():
        fetch(docker, settings, name, model)


def fetch(docker: Docker, settings: dict[str, Any], name: str, model: dict[str, str]) -> None:
    """Fetch one bundle beside its folder, verify it, and move it into its folder."""
    target = os.path.join(settings["folder"], model["sha256"])
    fresh = f"{target}.new"
    try:
        os.makedirs(fresh)
        bundle = os.path.join(fresh, "bundle")
        download(docker, settings, model["uri"], bundle)
        verify(bundle, model["sha256"])
        give_to_root(bundle)
        # After a power cut the bundle must not be there in part.
        files.sync_tree(bundle)
        files.replace(bundle, target)
    except (BundleError, DockerError, OSError) as error:
        raise BundleError(f"{name} ({model['uri']}): {error}") from error
    finally:
        files.remove(fresh)


def download(docker: Docker, settings: dict[str, Any], uri: str, folder: str) -> None:
    """Copy the files of `uri` into a new folder."""
    parts = urllib.parse.urlsplit(uri)
    if parts.scheme == "file":
        source = urllib.parse.unquote(parts.path)
        contents(source)  # refuses devices: copying one would never end
        shutil.copytree(source, folder)
        return
    if not settings["image"]:
        raise BundleError("mlflow_image is empty: wanted the image that fetches every uri but file://")
    docker.require_image(settings["image"])
    run_fetcher(docker, settings, uri, os.path.dirname(folder))


def run_fetcher(docker: Docker, settings: dict[str, Any], uri: str, folder: str) -> None:
    """Run the image that fetches from MLflow or S3; the files go to `folder`/bundle."""
    os.chown(folder, UID, UID)
    # The container has a name because ending the client does not end it, and --init because the first process of a
    # container ignores signals that it does not handle.
    own = ["run", "--rm", "--init", "--name", CONTAINER, f"--mount=type=bind,source={folder},target=/fetched"]
    command = [settings["image"], "python", "-P", FETCH, uri, "/fetched/bundle"]
    try:
        docker.run(*own, *settings["options"], *command, timeout=settings["timeout"])
    finally:
        docker.remove(CONTAINER)


def give_to_root(folder: str) -> None:
    """Give a verified bundle to root, readable by all. Verification has refused links."""
    for path, _, names in os.walk(folder):
        os.chown(path, 0, 0)
        os.chmod(path, 0o755)  # noqa: S103  # the server's user is not root
        for name in names:
            os.chown(os.path.join(path, name), 0, 0, follow_symlinks=False)
            os.chmod(os.path.join(path, name), 0o644)


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    settings = module.params
    missing = {
        name: model
        for name, model in settings["models"].items()
        if not is_whole(os.path.join(settings["folder"], model["sha256"]), model["sha256"])
    }
    if not module.check_mode:
        docker = Docker(module.run_command)
        try:
            remove_unfinished(docker, settings["folder"])
            fetch_all(docker, settings, missing)
        except (BundleError, DockerError, OSError) as error:
            module.fail_json(msg=str(error))
    diff = {"before": "", "after": json.dumps(missing, indent=1) + "\n" if missing else ""}
    module.exit_json(changed=bool(missing), fetched=sorted(missing), diff=diff)


if __name__ == "__main__":
    main()
