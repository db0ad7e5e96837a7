"""The page behind an invite link: plain text in HTML, no script, nothing loaded from anywhere.

What stands after the # of the link is the room's secret. Browsers do not send it, so this page cannot know it; the
policy forbids everything but the one style sheet, named by its hash.
"""

from .policy import policy_for

__all__ = ["PAGE", "PAGE_POLICY"]

STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem;"
    "color:#222;background:#fff}code{background:#eee;padding:.15em .35em;border-radius:.25em}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#111}code{background:#2a2a2a}}"
)

PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>You are invited</title>
<style>{STYLE}</style>
</head>
<body>
<h1>You are invited to a private room</h1>
<p>This link opens in Speaktube. Copy the whole address of this page, the part after <code>#</code> included,
and run</p>
<p><code>python examples/chat.py 'LINK'</code></p>
<p>with the address in place of <code>LINK</code>, keeping the quotes.</p>
<p>The part after <code>#</code> is the key of the room. It stayed in your browser: this server has never seen it and
cannot read what is said in the room. Whoever has the whole link can come in, so pass it on with care.</p>
</body>
</html>
"""

PAGE_POLICY = policy_for(STYLE)
