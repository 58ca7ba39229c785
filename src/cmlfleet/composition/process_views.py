"""How a process describes itself."""

import os
import socket
from datetime import datetime

from cmlfleet import __version__
from cmlfleet.application.queries.system_views import ProcessView
from cmlfleet.composition.coordination import Foundation


def process_view(foundation: Foundation, *, started_at: datetime, leads: bool, groups_running: int) -> ProcessView:
    """As it is now."""
    return ProcessView(
        id=foundation.process_id,
        roles=foundation.settings.roles,
        leads=leads,
        host=socket.gethostname(),
        pid=os.getpid(),
        version=__version__,
        started_at=started_at,
        groups_running=groups_running,
        aws_throttled=tuple(sorted(set(foundation.sources.throttled()))),
        cloudwatch_metrics_requested=foundation.sources.aws.metric_data.metrics_requested,
    )
