import pytest

from cmlfleet.simulator.faults import CATALOGUE, Fault, FaultBoard, FaultName, FaultScope, UnknownFaultError


def test_a_fault_strikes_only_its_worker_by_any_of_its_names() -> None:
    board = FaultBoard()
    board.name_worker("worker-1", aliases=["i-0123"])
    board.set("refused", worker="i-0123")
    assert board.active(FaultName.REFUSED, worker="worker-1") is not None
    assert board.active(FaultName.REFUSED, worker="worker-2") is None
    assert board.active(FaultName.HANGING, worker="worker-1") is None


def test_a_cloud_fault_is_narrowed_by_account_region_and_operation() -> None:
    board = FaultBoard()
    board.set(FaultName.DENIED, region="eu-west-1", operation="DescribeInstances")
    where = {"account": "1", "region": "eu-west-1"}
    assert board.active(FaultName.DENIED, operation="DescribeInstances", **where)
    assert not board.active(FaultName.DENIED, operation="DescribeRegions", **where)
    assert not board.active(FaultName.DENIED, operation="DescribeInstances", account="1", region="us-east-1")


def test_a_counted_fault_is_used_up() -> None:
    board = FaultBoard()
    board.set(FaultName.TOKEN_EXPIRED, times=2)
    struck = [bool(board.active(FaultName.TOKEN_EXPIRED, worker="w")) for _ in range(3)]
    assert struck == [True, True, False]
    assert board.list() == []


def test_a_rate_strikes_about_that_often_and_the_same_with_the_same_seed() -> None:
    def rolls(seed: int) -> list[bool]:
        board = FaultBoard(seed=seed)
        board.set(FaultName.THROTTLING, rate=0.3)
        return [board.active(FaultName.THROTTLING) is not None for _ in range(1000)]

    assert rolls(1) == rolls(1)
    assert 250 < sum(rolls(1)) < 350


def test_clear_by_name_and_worker() -> None:
    board = FaultBoard()
    board.set(FaultName.REFUSED, worker="a")
    board.set(FaultName.REFUSED, worker="b")
    board.set(FaultName.HTML, worker="a")
    assert [fault.worker for fault in board.clear("refused", worker="a")] == ["a"]
    assert {(fault.name, fault.worker) for fault in board.list()} == {("refused", "b"), ("html", "a")}
    board.clear()
    assert board.list() == []


def test_an_unknown_name_lists_what_exists() -> None:
    with pytest.raises(UnknownFaultError, match=r"'broken'.*bad-gateway"):
        FaultBoard().set("broken")


@pytest.mark.parametrize("rate", [0, 1.1])
def test_an_impossible_rate_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        FaultBoard().set("slow", rate=rate)


def test_listeners_hear_of_each_change() -> None:
    heard: list[tuple[str, bool]] = []

    def listen(fault: Fault, is_on: bool) -> None:
        heard.append((fault.name, is_on))

    board = FaultBoard()
    board.subscribe(listen)
    board.set("refused", times=1)
    board.active(FaultName.REFUSED)
    assert heard == [("refused", True), ("refused", False)]


def test_parameters_are_read_as_numbers_or_text() -> None:
    fault = FaultBoard().set("slow", parameters={"seconds": 2})
    assert (fault.number("seconds", 5), fault.number("other", 7)) == (2.0, 7)
    assert fault.text("seconds", "") == "2"


def test_each_name_is_in_the_catalogue() -> None:
    assert set(CATALOGUE) == set(FaultName)
    assert {kind.scope for kind in CATALOGUE.values()} == set(FaultScope)


def test_the_names_for_a_worker_are_its_own_and_everybodys() -> None:
    board = FaultBoard()
    board.set("refused", worker="a")
    board.set("html")
    assert board.names_for("a") == {FaultName.REFUSED, FaultName.HTML}
    assert board.names_for("b") == {FaultName.HTML}
    board.clear("html")
    assert board.names_for("b") == frozenset()
    assert not board.is_set(FaultName.HTML)


def test_a_listener_of_one_worker_hears_of_nobody_elses() -> None:
    heard: list[str] = []

    def listen(fault: Fault, is_on: bool) -> None:
        heard.append(f"{fault.name} {fault.worker} {is_on}")

    board = FaultBoard()
    board.subscribe(listen, worker="a")
    board.set("refused", worker="b")
    board.set("refused", worker="a")
    board.set("slow")
    assert heard == ["refused a True", "slow * True"]


def test_setting_a_fault_again_replaces_it() -> None:
    board = FaultBoard()
    board.set("slow", worker="a", parameters={"seconds": 1})
    board.set("slow", worker="a", parameters={"seconds": 2})
    assert [fault.text("seconds", "") for fault in board.list()] == ["2"]
    board.clear("slow")
    assert board.active(FaultName.SLOW, worker="a") is None


def test_a_scope_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="not a worker"):
        FaultBoard().set("throttling", worker="a")
    with pytest.raises(ValueError, match="strikes workers"):
        FaultBoard().set("refused", region="us-east-1")
