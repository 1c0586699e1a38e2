"""Short messages that choose among what was offered, or refuse it."""

import pytest

from actions.phrases import phrases


@pytest.mark.parametrize(
    ("typed", "position"),
    [
        ("2", 2),
        ("2.", 2),
        ("(3)", 3),
        ("số 2", 2),
        ("chọn số 2 giúp em", 2),
        ("cái đầu tiên", 1),
        ("cai dau tien", 1),
        ("lấy cái thứ nhất ạ", 1),
        ("thủ tục thứ hai", 2),
        ("cái cuối", 3),
        ("cái cuối cùng nhé", 3),
        ("9", 9),
        ("thứ 2 có làm việc không", None),
        ("ở đâu", None),
        ("mở cây xăng", None),
        ("H05.20-190801-0001", None),
    ],
)
def test_a_place_in_a_list_is_read_in_many_wordings(typed: str, position: int | None) -> None:
    assert phrases().position_in(typed, 3) == position


@pytest.mark.parametrize(
    "typed",
    [
        *("không phải", "ko phai", "không phải cái đó", "cái khác", "cái khác cơ", "sai rồi"),
        *("không cái nào đúng", "dạ không phải ạ", "không phải mấy cái này", "none of these"),
    ],
)
def test_a_refusal_names_nothing_else(typed: str) -> None:
    assert phrases().refuses(typed)
    assert phrases().steers(typed)


@pytest.mark.parametrize(
    "typed",
    [
        *("không, tôi hỏi cây xăng cơ", "đúng không", "cái này có đúng không", "thôi", "có", ""),
        *("không có giấy phép thì sao", "mất giấy phép khác"),
    ],
)
def test_what_says_more_is_no_bare_refusal(typed: str) -> None:
    assert not phrases().refuses(typed)


@pytest.mark.parametrize(
    "typed", ["cái kia", "cái kia cơ", "cái còn lại", "không phải, cái kia cơ"]
)
def test_the_other_one_of_two(typed: str) -> None:
    assert phrases().means_other_one(typed)


def test_a_question_may_stand_behind_the_wish_to_leave_it() -> None:
    typed = "để lại câu hỏi cho cán bộ: bao giờ có hướng dẫn mới về rượu"
    assert phrases().leaves_question(typed)
    assert phrases().question_in(typed) == "bao giờ có hướng dẫn mới về rượu"
    assert phrases().question_in("để lại câu hỏi") is None
