"""What the tests and the processes that they start need of their own process, however it was started."""

import signal

from cmlfleet.open_files import allow_all_open_files

allow_all_open_files()  # simulated controllers and clients by the hundred
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a script it would be ignored by all
