"""The workers' routes: they dispatch and decide nothing."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Header, Query, Request, Response

from cmlfleet.api import schemas
from cmlfleet.api.answers import Application, SignedIn, answer
from cmlfleet.api.authentication import SignedInRoute
from cmlfleet.api.parameters import (
    aware,
    event_criteria,
    healths,
    label_filters,
    only,
    page_size,
    plain,
    statuses,
    text_of,
    values,
    versions_of,
    whole_step,
    worker_criteria,
)
from cmlfleet.api.problems import documented
from cmlfleet.application.commands.accept_certificate_command import AcceptCertificateCommand
from cmlfleet.application.commands.forget_worker_command import ForgetWorkerCommand
from cmlfleet.application.commands.import_workers_command import ImportWorkersCommand
from cmlfleet.application.commands.refresh_worker_metrics_command import RefreshWorkerMetricsCommand
from cmlfleet.application.commands.refresh_workers_command import RefreshWorkersCommand
from cmlfleet.application.commands.set_credentials_command import DeleteCredentialsCommand, SetCredentialsCommand
from cmlfleet.application.commands.update_worker_command import UpdateWorkerCommand
from cmlfleet.application.errors import InvalidRequest
from cmlfleet.application.queries import views
from cmlfleet.application.queries.criteria import WorkerCriteria
from cmlfleet.application.queries.diagnose_worker_query import DiagnoseWorkerQuery
from cmlfleet.application.queries.get_certificate_query import GetCertificateQuery
from cmlfleet.application.queries.get_cml_worker_by_id_query import GetCMLWorkerByIdQuery
from cmlfleet.application.queries.get_license_query import GetLicenseQuery
from cmlfleet.application.queries.get_samples_query import GetSamplesQuery
from cmlfleet.application.queries.list_events_query import ListEventsQuery
from cmlfleet.application.queries.list_labs_query import ListLabsQuery
from cmlfleet.application.queries.list_workers_query import ListWorkersQuery
from cmlfleet.domain.identifiers import WorkerId

router = APIRouter(prefix="/api/v1/workers", tags=["workers"], route_class=SignedInRoute)

DEFAULT_HISTORY = timedelta(hours=1)
DEFAULT_STEP_SECONDS = 60


@router.get("", response_model=schemas.WorkerList, responses=documented())
async def list_workers(
    request: Request,
    mediator: Application,
    principal: SignedIn,
    status: str | None = Query(None, description="EC2's state; several separated by commas"),
    region: str | None = Query(None),
    account_id: str | None = Query(None),
    health: str | None = Query(None),
    q: str | None = Query(None, description="free text in names, ids, addresses, labels, note, version"),
    label: str | None = Query(None, description="key=value, or key"),
    sort: str | None = Query(None, description="a field; - in front for descending"),
    limit: int = Query(100, ge=1, le=1000),
    cursor: str | None = Query(None),
    offset: int = Query(0, ge=0, le=9_999_999, description="leave out that many: a page by its number"),
) -> Response:
    """Workers; figures are filtered by `cpu_utilization.gt=80` and the like (eq, ne, gt, gte, lt, lte)."""
    return answer(await mediator.execute_async(ListWorkersQuery(worker_criteria(request.query_params)), principal))


@router.post("/import", response_model=views.ImportResult, responses=documented(502))
async def import_workers(body: schemas.ImportBody, mediator: Application, principal: SignedIn) -> Response:
    """Adopt instances; the first refresh of each goes on after the answer."""
    command = ImportWorkersCommand(
        region=body.region,
        account_id=body.account_id,
        instance_ids=tuple(body.instance_ids),
        tags=body.tags,
        dry_run=body.dry_run,
    )
    return answer(await mediator.execute_async(command, principal))


@router.post("/refresh", response_model=schemas.OperationBody, status_code=202, responses=documented(404))
async def refresh_workers(
    request: Request,
    body: schemas.RefreshManyBody,
    mediator: Application,
    principal: SignedIn,
    q: str | None = Query(None, description="or any other parameter of GET /api/v1/workers that selects"),
) -> Response:
    """Refresh many, as an operation to follow: those that the body names or selects, or that a list would show."""
    if request.query_params and body != schemas.RefreshManyBody():
        raise InvalidRequest("select either by the body or by parameters, as in GET /api/v1/workers")
    criteria = worker_criteria(request.query_params) if request.query_params else _selected(body)
    if body.worker_ids is not None and criteria != WorkerCriteria():
        raise InvalidRequest("worker_ids names the workers; region, account_id, status, health and label select them")
    worker_ids = None if body.worker_ids is None else tuple(WorkerId(text) for text in body.worker_ids)
    operation = await mediator.execute_async(
        RefreshWorkersCommand(worker_ids=worker_ids, criteria=criteria), principal
    )
    return answer(operation, status=202, headers={"Location": f"/api/v1/operations/{operation.id}"})


def _selected(body: schemas.RefreshManyBody) -> WorkerCriteria:
    return WorkerCriteria(
        status=statuses((body.status,) if body.status else ()),
        region=(body.region,) if body.region else (),
        account_id=(body.account_id,) if body.account_id else (),
        health=healths((body.health,) if body.health else ()),
        labels=label_filters((body.label,) if body.label else ()),
    )


@router.get("/{worker_id}", response_model=views.WorkerView, responses=documented(404))
async def get_worker(worker_id: str, mediator: Application, principal: SignedIn) -> Response:
    """One record; its version is the ETag."""
    return _tagged(await mediator.execute_async(GetCMLWorkerByIdQuery(WorkerId(plain(worker_id))), principal))


@router.patch("/{worker_id}", response_model=views.WorkerView, responses=documented(404, 409, 412))
async def update_worker(
    worker_id: str,
    body: schemas.UpdateBody,
    mediator: Application,
    principal: SignedIn,
    if_match: str | None = Header(None, description="the ETag of the record as it was read"),
) -> Response:
    """Labels and note; 409 where a label is another by now than `expected_labels` says, 412 where the record is
    another by now than `If-Match` says."""
    command = UpdateWorkerCommand(
        worker_id=WorkerId(plain(worker_id)),
        labels=body.labels,
        expected_labels=body.expected_labels,
        expected_versions=versions_of(if_match),
        note=body.note,
        changes_note="note" in body.model_fields_set,
    )
    return _tagged(await mediator.execute_async(command, principal))


def _tagged(worker: views.WorkerView) -> Response:
    return answer(worker, headers={"ETag": f'"{worker.version}"'})


@router.delete("/{worker_id}", status_code=204, response_class=Response, responses=documented(404))
async def forget_worker(worker_id: str, mediator: Application, principal: SignedIn) -> Response:
    """Forget the record; the instance lives on, and only an explicit import adopts it again."""
    await mediator.execute_async(ForgetWorkerCommand(WorkerId(plain(worker_id))), principal)
    return Response(status_code=204)


@router.post("/{worker_id}/refresh", response_model=views.RefreshResult, responses=documented(404, 409))
async def refresh_worker(worker_id: str, mediator: Application, principal: SignedIn) -> Response:
    """Run RefreshWorkerMetricsCommand and answer with what each source said."""
    command = RefreshWorkerMetricsCommand(WorkerId(plain(worker_id)))
    return answer(await mediator.execute_async(command, principal))


@router.post("/{worker_id}/diagnose", response_model=views.DiagnosisView, responses=documented(404))
async def diagnose_worker(worker_id: str, mediator: Application, principal: SignedIn) -> Response:
    """Why it does not answer: a finding for each thing looked at, with its fix; nothing is changed."""
    return answer(await mediator.execute_async(DiagnoseWorkerQuery(WorkerId(plain(worker_id))), principal))


@router.put("/{worker_id}/credentials", status_code=204, response_class=Response, responses=documented(404, 409))
async def set_credentials(
    worker_id: str, body: schemas.CredentialsBody, mediator: Application, principal: SignedIn
) -> Response:
    """The worker's own CML credentials; never readable again."""
    command = SetCredentialsCommand(
        worker_id=WorkerId(plain(worker_id)), username=body.username, password=body.password, token=body.token
    )
    await mediator.execute_async(command, principal)
    return Response(status_code=204)


@router.delete("/{worker_id}/credentials", status_code=204, response_class=Response, responses=documented(404, 409))
async def delete_credentials(worker_id: str, mediator: Application, principal: SignedIn) -> Response:
    """Back to the fleet's credentials."""
    await mediator.execute_async(DeleteCredentialsCommand(worker_id=WorkerId(plain(worker_id))), principal)
    return Response(status_code=204)


@router.get("/{worker_id}/labs", response_model=schemas.LabList, responses=documented(404))
async def list_worker_labs(
    request: Request,
    worker_id: str,
    mediator: Application,
    principal: SignedIn,
    q: str | None = Query(None),
    state: str | None = Query(None),
    limit: int = Query(100, ge=1, le=1000),
    cursor: str | None = Query(None),
) -> Response:
    """Labs of the worker, of all users."""
    parameters = request.query_params
    only(parameters, ("q", "state", "limit", "cursor"))
    query = ListLabsQuery(
        worker_id=WorkerId(plain(worker_id)),
        q=text_of(parameters, "q"),
        state=values(parameters, "state"),
        limit=page_size(parameters),
        cursor=text_of(parameters, "cursor"),
    )
    return answer(await mediator.execute_async(query, principal))


@router.get("/{worker_id}/license", response_model=views.LicenseDetailView, responses=documented(404))
async def get_license(worker_id: str, mediator: Application, principal: SignedIn) -> Response:
    """The licence as last read."""
    return answer(await mediator.execute_async(GetLicenseQuery(WorkerId(plain(worker_id))), principal))


@router.get("/{worker_id}/certificate", response_model=views.CertificateView, responses=documented(404))
async def get_certificate(worker_id: str, mediator: Application, principal: SignedIn) -> Response:
    """Pinned and presented fingerprints."""
    return answer(await mediator.execute_async(GetCertificateQuery(WorkerId(plain(worker_id))), principal))


@router.put("/{worker_id}/certificate", response_model=views.CertificateView, responses=documented(404, 409))
async def accept_certificate(
    worker_id: str, body: schemas.CertificateBody, mediator: Application, principal: SignedIn
) -> Response:
    """Accept the certificate that is presented."""
    command = AcceptCertificateCommand(worker_id=WorkerId(plain(worker_id)), fingerprint=body.fingerprint)
    return answer(await mediator.execute_async(command, principal))


@router.get("/{worker_id}/samples", response_model=schemas.SamplesBody, responses=documented(404))
async def get_samples(
    request: Request,
    worker_id: str,
    mediator: Application,
    principal: SignedIn,
    start: datetime | None = Query(None, alias="from"),
    end: datetime | None = Query(None, alias="to"),
    step: int = Query(DEFAULT_STEP_SECONDS, ge=1, le=86_400),
) -> Response:
    """History of figures as means over `step` seconds; by default the last hour, from a whole step on."""
    only(request.query_params, ("from", "to", "step"))
    until = aware(end) or datetime.now(UTC)
    query = GetSamplesQuery(
        worker_id=WorkerId(plain(worker_id)),
        start=aware(start) or whole_step(until - DEFAULT_HISTORY, step_seconds=step),
        end=until,
        step_seconds=step,
    )
    return answer(await mediator.execute_async(query, principal))


@router.get("/{worker_id}/events", response_model=schemas.EventList, responses=documented(404))
async def list_worker_events(
    request: Request,
    worker_id: str,
    mediator: Application,
    principal: SignedIn,
    event_type: str | None = Query(None, alias="type", description="a domain event's name; several with commas"),
    start: datetime | None = Query(None, alias="from"),
    end: datetime | None = Query(None, alias="to"),
    limit: int = Query(100, ge=1, le=1000),
    cursor: str | None = Query(None),
) -> Response:
    """The worker's domain events, newest first; those of a forgotten worker are still in `/api/v1/events`."""
    parameters = request.query_params
    only(parameters, ("type", "from", "to", "limit", "cursor"))
    await mediator.execute_async(GetCMLWorkerByIdQuery(WorkerId(plain(worker_id))), principal)
    criteria = event_criteria(parameters, worker_id=worker_id, start=start, end=end)
    return answer(await mediator.execute_async(ListEventsQuery(criteria), principal))
