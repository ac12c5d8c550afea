"""The one HTTP client of apps, tablets and tests: what they ask stays on this computer.

A client that asks the environment sends a request to 127.0.0.1 by way of HTTP_PROXY or ALL_PROXY, fails at a
NO_PROXY that it cannot read, and opens the files of SSL_CERT_FILE and SSLKEYLOGFILE although nothing here
speaks TLS.
"""

import httpx

NoAnswerError = httpx.RequestError  # what every client raises when no answer came
Response = httpx.Response


class HttpClient(httpx.Client):
    """A client of what answers at this address, and of nothing in between. `within_s` is for each step."""

    def __init__(self, url: str = "", within_s: float = 30) -> None:
        super().__init__(base_url=url, timeout=within_s, trust_env=False, verify=False)
