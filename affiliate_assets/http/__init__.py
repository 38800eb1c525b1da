"""The only code that opens a socket to a network.

`client` sends a question and retries it; `asking` makes one request of it; `wire` carries that request. `auth` proves
who asks, `tokens` and `rotation` keep what runs out. `throttle` and `slots` keep the budget of each credential,
`circuit` leaves alone what fails again and again, `answers` tells errors from answers, `calls` is the log of calls.
"""
