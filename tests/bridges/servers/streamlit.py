"""A Streamlit program without a browser of its own: `url` is its page."""

import urllib.request

from servers import have
from servers.server import Server, free_port


class Streamlit(Server):
    name = "Streamlit"

    def __init__(self, folder, script, environment):
        super().__init__(folder)
        self.script, self.port = script, free_port()
        self.environment = environment | {"HOME": str(folder), "MPLCONFIGDIR": str(folder)}
        self.url = f"http://127.0.0.1:{self.port}/"

    def command(self):
        return [have.python("demos"), "-m", "streamlit", "run", self.script,
                "--server.headless", "true", "--server.address", "127.0.0.1", "--server.port",
                self.port, "--browser.gatherUsageStats", "false", "--server.fileWatcherType",
                "none"]

    def is_ready(self):
        try:
            with urllib.request.urlopen(self.url + "_stcore/health", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False
