"""``python3 -m cases``: the same as the ``granode`` command."""

import sys

from .command_line import main

sys.exit(main())
