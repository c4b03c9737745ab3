"""What "make lab" sets in JupyterLab: saving leaves no noise, kernels are as in the build."""

import os

from publish.notebooks import KERNEL_ENV, before_save

os.environ.update(KERNEL_ENV)  # the kernels inherit it
c = get_config()  # type: ignore[name-defined]  # noqa: F821 - Jupyter gives it to this file
c.ContentsManager.pre_save_hook = before_save
c.LabApp.news_url = None  # no question about news, no request to another host
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
