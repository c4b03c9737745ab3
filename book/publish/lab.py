"""What "make lab" sets in JupyterLab: saving leaves no noise, kernels are as in the build."""

import os

from publish import kernels
from publish.notebooks import before_save

os.environ.update(kernels.ENV)  # the kernels inherit it
c = get_config()  # type: ignore[name-defined]  # noqa: F821 - Jupyter gives it to this file
c.ContentsManager.pre_save_hook = before_save
