"""The only code that opens a socket to a network.

`client` sends the request of one page and retries it, `throttle` keeps the budget of each credential,
`answers` tells errors from answers.
"""
