"""MLflow's own REST server (its Flask application, without the processes around it) on a folder; prints its port."""

import os
import socket
import sys

folder, port = sys.argv[1], int(sys.argv[2])
os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
os.environ["_MLFLOW_SERVER_FILE_STORE"] = f"sqlite:///{folder}/mlflow.db"
os.environ["_MLFLOW_SERVER_SERVE_ARTIFACTS"] = "true"
os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = "mlflow-artifacts:/"
os.environ["_MLFLOW_SERVER_ARTIFACT_DESTINATION"] = f"{folder}/artifacts"

from mlflow.server import app  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

server = make_server("127.0.0.1", port, app, threaded=True)
print(f"port {server.server_port}", flush=True)
server.serve_forever()
