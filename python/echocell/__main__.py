"""`python -m echocell` is the command `echocell`."""

import sys

from echocell.cli import main

sys.exit(main())
