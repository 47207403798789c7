from playwright.sync_api import expect


def test_login_page_opens_without_an_error(stack, new_page):
    page = new_page()

    page.goto(f"{stack.url}/")

    expect(page).to_have_url(f"{stack.url}/accounts/login/?next=/")
    expect(page.get_by_role("textbox", name="E-mail")).to_be_visible()


def test_killed_web_comes_back(stack, new_page):
    page = new_page(lang="de", dark=True)
    page.goto(f"{stack.url}/accounts/login/")
    expect(page.locator("html")).to_have_attribute("lang", "de")

    # The icon with its badge may be asked for while nobody answers.
    new_page.forgive_network()
    stack.kill_web()
    assert stack.get("/healthz")[0] == 0
    stack.start_web()

    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    stack.wait_for("/readyz")
