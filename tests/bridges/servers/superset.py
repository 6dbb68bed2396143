"""Superset with a database of its own: datasets, charts and their data by its REST API."""

import http.cookiejar
import json
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from servers import have
from servers.server import Broken, Server, free_port

USER, PASSWORD = "admin", "only-for-tests"
PREPARING = [["db", "upgrade"],
             ["fab", "create-admin", "--username", USER, "--password", PASSWORD, "--firstname", "A",
              "--lastname", "B", "--email", "a@example.invalid"],
             ["init"]]


class Superset(Server):
    name = "Superset"
    ready_s = 120

    def __init__(self, folder):
        super().__init__(folder)
        self.port, self.programs = free_port(), have.python("superset").parent
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "SUPERSET_HOME": str(folder), "FLASK_APP": "superset.app:create_app()",
            "SUPERSET_CONFIG_PATH": str(Path(__file__).with_name("superset_config.py")),
            "PATH": f"{self.programs}:{os.environ['PATH']}"}
        for words in PREPARING:
            done = subprocess.run([self.programs / "superset", *words], cwd=folder, text=True,
                                  capture_output=True, stdin=subprocess.DEVNULL, timeout=240,
                                  env=os.environ | self.environment, check=False)
            if done.returncode:
                raise Broken(f"superset {words[0]}: {done.stdout[-500:]}{done.stderr[-1500:]}")
        self.headers = {"Referer": self.url + "/"}
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def command(self):
        return [self.programs / "gunicorn", "-w", "1", "-k", "gthread", "--threads", "8",
                "--timeout", "120", "-b", f"127.0.0.1:{self.port}", "superset.app:create_app()"]

    def is_ready(self):
        try:
            with urllib.request.urlopen(self.url + "/health", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        more = {} if body is None else {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, self.headers | more, method=method)
        try:
            with self.opener.open(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Broken(f"{method} {path}: {error.code} {error.read()[:600]}") from None

    def log_in(self):
        """A token, and then the other one that changes need, with its cookie."""
        token = self.call("POST", "/api/v1/security/login", {
            "username": USER, "password": PASSWORD, "provider": "db", "refresh": True})
        self.headers["Authorization"] = f"Bearer {token['access_token']}"
        self.headers["X-CSRFToken"] = self.call("GET", "/api/v1/security/csrf_token/")["result"]

    def dataset(self, uri, schema, table):
        """Of a table or view of a database; its number."""
        database = self.call("POST", "/api/v1/database/", {
            "database_name": "psephos", "expose_in_sqllab": True, "sqlalchemy_uri": uri})["id"]
        return self.call("POST", "/api/v1/dataset/", {
            "database": database, "schema": schema, "table_name": table})["id"]

    def bars(self, dataset, name, column, metric, filters):
        """A bar chart (its number), and its data: {value of the column: metric}."""
        measure = {"expressionType": "SQL", "sqlExpression": metric, "label": "votes",
                   "optionName": "m_votes", "hasCustomLabel": True}
        wanted = [{"col": key, "op": "==", "val": value} for key, value in filters.items()]
        form = {"datasource": f"{dataset}__table", "viz_type": "echarts_timeseries_bar",
                "x_axis": column, "xAxisForceCategorical": True, "metrics": [measure],
                "groupby": [], "row_limit": 1000, "x_axis_sort": column, "x_axis_sort_asc": True,
                "show_value": True, "show_legend": False, "color_scheme": "supersetColors",
                "adhoc_filters": [{"clause": "WHERE", "expressionType": "SIMPLE", "subject": key,
                                   "operator": "==", "comparator": value,
                                   "filterOptionName": f"f_{key}"}
                                  for key, value in filters.items()]}
        query = {"datasource": {"id": dataset, "type": "table"}, "force": True, "form_data": form,
                 "result_format": "json", "result_type": "full", "queries": [{
                     "columns": [column], "metrics": [measure], "orderby": [[column, True]],
                     "row_limit": 1000, "filters": wanted, "extras": {}}]}
        chart = self.call("POST", "/api/v1/chart/", {
            "slice_name": name, "datasource_id": dataset, "datasource_type": "table",
            "viz_type": "echarts_timeseries_bar", "params": json.dumps(form),
            "query_context": json.dumps(query)})["id"]
        rows = self.call("POST", "/api/v1/chart/data", query)["result"][0]["data"]
        return chart, {row[column]: row["votes"] for row in rows}
