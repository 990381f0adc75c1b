"""The pictures of the help page; `make help-pictures` keeps them."""

import os
from base64 import b64decode, b64encode
from pathlib import Path

from playwright.sync_api import Page

from app.web.assets import FOLDER
from tests.e2e import stories
from tests.e2e.conftest import NewContext, Site, sign_in
from tests.e2e.test_report_form import fill_all

PICTURES = FOLDER / "help"
SIZE = (360, 400)
MOST_BYTES = 25_000
QUALITY = 0.4
# Chromium converts its own screenshot, so no library for images is needed.
TO_WEBP = """async ([png, quality]) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", quality).split(",")[1];
}"""


def picture(page: Page, folder: Path, name: str) -> None:
    """Save what the phone shows as a small WebP image."""
    png = b64encode(page.screenshot(animations="disabled")).decode()
    blank = page.context.new_page()
    webp = b64decode(blank.evaluate(TO_WEBP, [png, QUALITY]))
    blank.close()
    assert len(webp) <= MOST_BYTES, f"{name}: {len(webp):,} bytes"
    (folder / f"{name}.webp").write_bytes(webp)


def below_head(page: Page, selector: str) -> None:
    """Scroll an element to the top of the window."""
    page.locator(selector).first.evaluate("(each) => each.scrollIntoView({block: 'start'})")


def test_every_step_of_a_report_has_a_picture(
    new_context: NewContext, site: Site, tmp_path: Path
) -> None:
    folder = PICTURES if os.environ.get("TIENDO_HELP_PICTURES") else tmp_path
    folder.mkdir(exist_ok=True)
    page = new_context(SIZE).new_page()
    page.goto("/sign-in")
    picture(page, folder, "sign-in")
    sign_in(page)
    below_head(page, "h1")
    picture(page, folder, "tasks")
    page.get_by_role("link", name="Lập báo cáo").first.click()
    below_head(page, "#section-1")
    picture(page, folder, "form")
    page.get_by_role("button", name="Kiểm tra").click()
    page.wait_for_url("**checked=1*")
    below_head(page, "#findings")
    picture(page, folder, "check")
    fill_all(page)
    page.get_by_role("button", name="Gửi báo cáo").click()
    page.wait_for_url("**/send")
    below_head(page, "h1")
    picture(page, folder, "summary")
    if page.get_by_label("Giải thích").count():
        page.get_by_label("Giải thích").fill("Đã đối chiếu với sổ theo dõi của xã.")
    page.get_by_role("button", name="Gửi báo cáo").click()
    page.wait_for_url("**/receipt")
    below_head(page, "h1")
    picture(page, folder, "receipt")
    stories.return_report(site, stories.XUAN_HONG)
    page.goto("/reports/tho-xuan-2024/2024-Q2/15493")
    below_head(page, "h1")
    picture(page, folder, "returned")
    assert {path.stem for path in folder.iterdir()} == {path.stem for path in PICTURES.iterdir()}
