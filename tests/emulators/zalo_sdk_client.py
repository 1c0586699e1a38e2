"""Somebody else's client of Zalo OA against our stand-in; runs in an environment of its own.

`zalo_sdk_client.py URL TOKEN` sends what an account sends and checks what comes back.
"""

import sys
from collections.abc import Callable
from typing import Any

import zalo_sdk
from zalo_sdk import oa

TO = oa.ZaloRecipient(user_id="1001")


def main() -> None:
    url, token = sys.argv[1:]
    client = oa.Client("app", "secret", access_token=token, endpoint_prefix=url)
    client.send_message(TO, oa.ZaloMessageBody(text="Xin chào"))
    client.send_message(TO, with_buttons(5))
    client.upload_file(b"%PDF", "file", "mau.pdf", "application/pdf")
    client.get_zalo_user_quotas("1001")
    client.get_user_detail("1001")
    client.send_message(TO, action=oa.ZaloAction("/-strong", "m1"), category="action")
    refused(lambda: client.send_message(TO, oa.ZaloMessageBody(text="x" * 2001)))
    refused(lambda: client.send_message(TO, with_buttons(6)))
    wrong = oa.Client("app", "secret", access_token="wrong", endpoint_prefix=url)
    refused(lambda: wrong.send_message(TO, oa.ZaloMessageBody(text="Xin chào")))


def with_buttons(count: int) -> Any:
    button = {"title": "Hồ sơ", "type": "oa.query.show", "payload": "#hs"}
    attachment = oa.ZaloAttachment("template", {"buttons": [button] * count})
    return oa.ZaloMessageBody(text="Chọn", attachment=attachment)


def refused(call: Callable[[], Any]) -> None:
    try:
        call()
    except zalo_sdk.ZaloOAException:
        return
    raise AssertionError("it was taken")


if __name__ == "__main__":
    main()
