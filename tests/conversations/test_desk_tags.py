"""What pages are drawn with, where a page comes without what it usually has."""

from django.template import Context, Template


def test_frame_of_a_page_without_a_request_has_no_sidebar():
    page = Template("{% load desk %}{% sidebar as frame %}{{ frame }}")

    assert page.render(Context()) == "None"
