"""What is known of a worker only while it runs."""

from cmlfleet.domain.entities.cml_worker_state import CMLWorkerState


def clear_running_figures(state: CMLWorkerState) -> None:
    """A worker that does not run has no figures: unknown is not zero, and yesterday's load is not today's."""
    state.cloudwatch_cpu = state.cloudwatch_memory = state.cml_cpu = state.cml_memory = None
    state.cpu_utilization = state.memory_utilization = state.disk_utilization = None
    state.cpu_source = state.memory_source = None
    state.cpu_metrics_at = state.memory_metrics_at = None
    state.high_figures = ()
    state.cml_ready = None
    state.ready_since = None
    state.unready_readings = 0
    state.stopped_answering_at = None
    state.cml_reported_uptime_seconds = state.cml_reported_uptime_at = None
    state.labs_count = state.labs_running = None
    state.nodes_running = state.nodes_total = state.orphans_running = None
    state.nodes_idle_since = None
    state.cml_health = {}
    state.cml_health_valid = None
    state.compute_hosts = ()
    state.maintenance_mode = None
    state.maintenance_notice = None
    state.ec2_checks = None
    state.ec2_impaired_readings = 0
