"""The Ansible module `slipway_bundles`: a host has the bundles of a release, each verified."""

import json
import os
import shutil
import urllib.parse

from ansible.module_utils import slipway_files
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.slipway_bundle import BundleError, contents, verify
from ansible.module_utils.slipway_docker import Docker, DockerError, have_image

DOCUMENTATION = r"""
module: slipway_bundles
short_description: Fetch model bundles and verify every file
description:
  - A bundle goes to C(<folder>/<sha256>/), where the sha256 is its manifest's, and appears there only when it is whole.
  - One that is there already is verified again; where a file changed, it is fetched anew.
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
    description: The image that fetches what MLflow has; may be empty where every uri is a file's.
    type: str
    required: true
  options:
    description: What C(docker run) is told besides.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that fetching one bundle may take. What takes longer is ended, so that a newer commit is seen.
    type: int
    default: 100
"""
EXAMPLES = r"""
- name: Have the bundles
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
FETCH = "images.mlops.fetch"
# The name of its container: whatever bears it was left by a run that was killed.
CONTAINER = "slipway-fetch"


def is_whole(folder, pin):
    """Whether the bundle is there as it should be."""
    try:
        verify(folder, pin)
    except (BundleError, OSError):
        return False
    return True


def tidy(docker, folder):
    """Remove what a run that was killed while it fetched has left."""
    docker.remove(CONTAINER)
    if not os.path.isdir(folder):
        slipway_files.remove(folder)
        return
    for name in os.listdir(folder):
        if name.endswith(".new"):
            slipway_files.remove(os.path.join(folder, name))


def fetch(docker, given, name, model):
    """Fetch one bundle beside its place, verify it, and move it there."""
    place = os.path.join(given["folder"], model["sha256"])
    fresh = f"{place}.new"
    try:
        os.makedirs(fresh)
        whole = bring(docker, given, model["uri"], fresh)
        verify(whole, model["sha256"])
        own(whole)
        # A power cut must not leave a bundle in its place of which parts never came to the disk.
        slipway_files.sync_tree(whole)
        slipway_files.replace(whole, place)
    except (BundleError, DockerError, OSError) as error:
        raise BundleError(f"{name} ({model['uri']}): {error}") from error
    finally:
        slipway_files.remove(fresh)


def bring(docker, given, uri, fresh):
    """Bring the files of `uri` into the folder `fresh`; return where in it they are."""
    parts, whole = urllib.parse.urlsplit(uri), os.path.join(fresh, "bundle")
    if parts.scheme == "file":
        source = urllib.parse.unquote(parts.path)
        contents(source)  # a device would have no end
        shutil.copytree(source, whole)
        return whole
    if not given["image"]:
        raise BundleError("mlflow_image is empty: wanted the image that fetches what is no file:// of this host")
    have_image(docker, given["image"])
    os.chown(fresh, UID, UID)
    # By name, since ending the client does not end the container; with an init, since no other first process of a
    # container is ended by a signal that it does not handle.
    own = ["run", "--rm", "--init", "--name", CONTAINER, f"--mount=type=bind,source={fresh},target=/fetched"]
    command = [given["image"], "python", "-P", "-m", FETCH, uri, "/fetched/bundle"]
    try:
        docker.run(*own, *given["options"], *command, timeout=given["timeout"])
    finally:
        docker.remove(CONTAINER)
    return whole


def own(folder):
    """Give all of it to root, for all to read: nobody changes it any more. It holds no link: it was verified."""
    for path, _, files in os.walk(folder):
        os.chown(path, 0, 0)
        os.chmod(path, 0o755)  # noqa: S103  # the server's user is not root
        for file in files:
            os.chown(os.path.join(path, file), 0, 0, follow_symlinks=False)
            os.chmod(os.path.join(path, file), 0o644)


def have(docker, given, missing):
    """Fetch what is missing."""
    os.makedirs(given["folder"], mode=0o755, exist_ok=True)
    for name, model in missing.items():
        fetch(docker, given, name, model)


def main():
    """Have every bundle."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    given = module.params
    missing = {
        name: model
        for name, model in given["models"].items()
        if not is_whole(os.path.join(given["folder"], model["sha256"]), model["sha256"])
    }
    if not module.check_mode:
        docker = Docker(module.run_command)
        try:
            tidy(docker, given["folder"])
            have(docker, given, missing)
        except (BundleError, DockerError, OSError) as error:
            module.fail_json(msg=str(error))
    diff = {"before": "", "after": json.dumps(missing, indent=1) + "\n" if missing else ""}
    module.exit_json(changed=bool(missing), fetched=sorted(missing), diff=diff)


if __name__ == "__main__":
    main()
