"""The page that the server shows to a person, in a headless browser.
SPDX-License-Identifier: Apache-2.0
"""
import tempfile

from browser import Page, find_browser

THOUGHT = """fetch = async () => new Response(new ReadableStream({start(to) {
  const piece = delta => to.enqueue(new TextEncoder().encode(
    'data: ' + JSON.stringify({choices: [{index: 0, delta}]}) + '\\n\\n'));
  piece({reasoning_content: 'so <b>it</b> '}); piece({reasoning_content: 'is'}); piece({content: 'yes <i>no</i>'});
  to.close(); }}))"""
ENDLESS = """{ const plain = fetch; fetch = (path, options) => {
  if (options.body) options.body = JSON.stringify({...JSON.parse(options.body), ignore_eos: true});
  return plain(path, options); }; }"""


def test_page(server, problems):
    """A person's browser: an answer as it is written, the stop button, the fold of a thought."""
    browser = find_browser()
    if not browser:
        print("  SKIPPED: there is no Chromium (Debian's package chromium)")
        return
    text = server.client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Tell me of the king."}],
                                                 temperature=0).choices[0].message.content
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        page = Page(browser, directory, f"http://127.0.0.1:{server.port}/")
        try:
            drive_page(server, problems, page, text)
            problems.expect(not page.trouble, f"the page complains: {page.trouble}")
        finally:
            page.close()


def drive_page(server, problems, page, text):
    ask = "document.getElementById('prompt').value = {}; document.getElementById('form').requestSubmit(); true"
    last, idle = "document.querySelector('#log > .assistant:last-child')", "!document.getElementById('send').hidden"
    problems.expect(page.wait_for("document.title == 'tiny-gemma4'"), "the page does not show the model's name")
    page.run("document.getElementById('temperature').value = '0'; true")
    page.run(ask.format("'Tell me of the king.'"))
    problems.expect(page.wait_for(f"{idle} && {last}.querySelector('.note')"), "the page did not finish an answer")
    shown = page.run(f"{last}.querySelector('span').textContent")
    problems.expect(shown == text, f"the page shows '{shown}', the API says '{text}'")
    page.run(ENDLESS)
    page.run(ask.format("'Go on.'"))
    problems.expect(page.wait_for(f"{last}.querySelector('span').textContent.length > 40"), "no text comes while streaming")
    before = server.metrics()["requests_cancelled_total"]
    page.run("document.getElementById('stop').click(); true")
    problems.expect(page.wait_for(f"{idle} && {last}.textContent.endsWith('stopped')"), "the stop button does nothing")
    stopped = server.wait_until(lambda m: m["requests_running"] == 0 and m["requests_cancelled_total"] == before + 1)
    problems.expect(stopped, "the server goes on after the stop button")
    page.run(THOUGHT + "; true")
    page.run(ask.format("'Think.'"))
    problems.expect(page.wait_for(f"{idle} && {last}.querySelector('details')"), "no fold for a thought")
    fold, answer = page.run(f"[{last}.querySelector('details span').textContent, {last}.lastChild.textContent]")
    problems.expect(fold == "so <b>it</b> is" and answer == "yes <i>no</i>", f"thought '{fold}', answer '{answer}'")
    problems.expect(not page.run(f"{last}.querySelector('details').open"), "the fold stays open when the answer comes")
