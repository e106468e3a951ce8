"""The words a page is refused with: one place for the gate, its screens and their tests.

A page says each of them in the words of texts.toml, under the same key in [page].
"""

from typing import Final

# The gate as a whole.
BUSY: Final = "busy"
STALE: Final = "stale_page"
NOT_OFFERED: Final = "not_offered"
NO_HUB_KEY: Final = "no_hub_key"

# Who may.
NOBODY: Final = "nobody_on_duty"
SOMEBODY_ON_DUTY: Final = "somebody_on_duty"
LOGGED_OFF: Final = "logged_off"
NOT_HERE: Final = "not_on_duty_here"
NOT_YOUR_ROLE: Final = "not_your_role"
LOG_IN_FIRST: Final = "log_in_first"
LOG_IN_AGAIN: Final = "log_in_again"
NO_SECOND: Final = "not_a_second_person"
ASKED_OTHERWISE: Final = "asked_otherwise"
NEEDS_SUPERVISOR: Final = "needs_supervisor"
NEEDS_GUARDS: Final = "needs_guards"
WRONG_PIN: Final = "wrong_pin"
PIN_LOCKED: Final = "pin_locked"
NO_BOOK: Final = "no_book"

# The visit, the people and the card it is about.
VISIT_OVER: Final = "visit_over"
NO_SUCH_VISIT: Final = "no_such_visit"
NO_CARD: Final = "no_card"
NO_LIST: Final = "no_list"
TOO_MANY: Final = "too_many_look_ups"
PICK_OVER: Final = "pick_over"

# The lane and the vehicle on it.
NOT_SWITCHABLE: Final = "not_switchable"
NO_VEHICLE: Final = "no_vehicle"
VEHICLE_THERE: Final = "vehicle_there"
VEHICLE_WAITS: Final = "vehicle_waits"
NOT_IN_VEHICLE: Final = "not_in_vehicle"
LAST_IN_VEHICLE: Final = "last_in_vehicle"
