import pytest

from visitors.devices import clean_hints, describe

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
CHROME = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/131.0.0.0 Safari/537.36"
)
FIREFOX = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0"
)
ANDROID = (
    f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/131.0.0.0 Mobile Safari/537.36"
)
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/17.4 Safari/605.1.15"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS {} like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/{} Mobile/15E148 Safari/604.1"
)


def shown(user_agent, **hints):
    device = describe(user_agent, clean_hints(hints))
    return device.system, device.browser


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        (CHROME, ("Windows 10/11", "Chrome 131")),
        (FIREFOX, ("Windows 10/11", "Firefox 132")),
        (ANDROID, ("Android", "Chrome Mobile 131")),
        (SAFARI, ("macOS", "Safari 17")),
        (IPHONE.format("17_4", "17.4"), ("iOS 17.4", "Mobile Safari 17")),
        (IPHONE.format("18_6", "26.0"), ("iOS", "Mobile Safari 26")),
        ("", ("", "")),
        ("<script>alert(1)</script>", ("", "")),
    ],
)
def test_frozen_versions_are_not_shown(user_agent, expected):
    assert shown(user_agent) == expected


def test_tablet_that_says_it_is_a_mac():
    assert shown(SAFARI, touch=True)[0] == "iPadOS"


@pytest.mark.parametrize(
    ("platform", "version", "expected"),
    [
        ("Windows", "15.0.0", "Windows 11"),
        ("Windows", "13.0.0", "Windows 11"),
        ("Windows", "10.0.0", "Windows 10"),
        ("Windows", "0.3.0", "Windows 7/8"),
        ("Windows", "", "Windows 10/11"),
        ("Windows", "x" * 100, "Windows 10/11"),
        ("macOS", "14.5.0", "macOS 14.5"),
        ("macOS", "14.0.0", "macOS 14"),
    ],
)
def test_client_hints_tell_the_true_system(platform, version, expected):
    told = shown(CHROME, platform=platform, platformVersion=version)

    assert told[0] == expected


def test_made_up_brands_are_passed_over():
    brands = [
        {"brand": "Not/A)Brand", "version": "8.0.0.0"},
        {"brand": "Chromium", "version": "131.0.6778.86"},
        {"brand": "Microsoft Edge", "version": "131.0.2903.70"},
    ]

    assert shown(CHROME, fullVersionList=brands)[1] == "Edge 131"
    assert shown(CHROME, fullVersionList=brands[:2])[1] == "Chromium 131"
    assert shown(CHROME, fullVersionList=brands[:1])[1] == "Chrome 131"


def test_phone_names_its_model():
    system, _browser = shown(
        ANDROID, platform="Android", platformVersion="14.0.0", model="Pixel 8"
    )

    assert system == "Android 14 (Pixel 8)"


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        "x",
        {},
        {"platform": 1, "platformVersion": [], "model": {}, "mobile": "yes"},
        {"fullVersionList": {"brand": "x"}},
        {"fullVersionList": [None, 1, {"brand": 1, "version": "1"}, {"brand": "x"}]},
        {"other": "x" * 1000},
    ],
)
def test_hints_of_a_wrong_type_are_left_out(sent):
    assert clean_hints(sent) == {}


def test_hints_are_bounded_and_cleaned():
    brands = [{"brand": "b" * 1000, "version": "9" * 1000}] * 1000

    hints = clean_hints({"model": "a\0\u202e" + "x" * 1000, "fullVersionList": brands})

    assert hints["model"] == "a" + "x" * 59
    assert hints["brands"] == [["b" * 60, "99999"]] * 10
