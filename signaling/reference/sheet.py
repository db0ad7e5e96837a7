"""The style of the page at /docs: system fonts, light and dark as the reader has it, narrow screens too."""

__all__ = ["STYLE"]

STYLE = """
:root{color-scheme:light dark;--ink:#1d2330;--soft:#5b6475;--line:#dfe3ea;--paper:#fff;--panel:#f6f7f9;
--link:#0b5cad;--get:#0f6b4f;--post:#7a3fb0}
@media(prefers-color-scheme:dark){:root{--ink:#e4e7ee;--soft:#9aa4b5;--line:#2d3440;--paper:#12151b;--panel:#1b2029;
--link:#7db8f5;--get:#5fd0a4;--post:#c79bf2}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;font:1rem/1.55 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
a{color:var(--link);text-decoration:none}a:hover,a:focus-visible{text-decoration:underline}
nav{padding:1.25rem;background:var(--panel);border-bottom:1px solid var(--line);font-size:.875rem}
nav h2{margin:1.25rem 0 .35rem;font-size:.75rem;letter-spacing:.06em;text-transform:uppercase;color:var(--soft)}
nav h2:first-child{margin-top:0}
nav ul{list-style:none;margin:0;padding:0}
nav li a{display:flex;gap:.5rem;align-items:baseline;padding:.16rem 0;color:var(--ink)}
nav .method{flex:0 0 2.6rem}
main{max-width:56rem;padding:1.5rem 1.25rem 6rem;margin:0 auto}
h1{font-size:1.9rem;line-height:1.2;margin:.5rem 0 1rem}h1 small{font-size:1rem;font-weight:400;color:var(--soft)}
main h2{margin:3.5rem 0 .5rem;font-size:1.45rem}
h3{margin:0;font-size:1.05rem;font-weight:400}h3 a{color:inherit}
h4{margin:1.25rem 0 .4rem;font-size:.8rem;letter-spacing:.04em;text-transform:uppercase;color:var(--soft)}
article{margin:1.5rem 0;padding:1.1rem 1.25rem;border:1px solid var(--line);border-radius:.6rem}
article:target{border-color:var(--link)}
article p{margin:.5rem 0}
.summary{font-size:1.1rem}
.method{font:600 .72rem/1.6 ui-monospace,monospace;color:var(--soft)}.get{color:var(--get)}.post{color:var(--post)}
h3 .method{padding:.15rem .45rem;border:1px solid;border-radius:.35rem;margin-right:.35rem}
i{font-style:normal;color:var(--soft)}
code,pre{font:.9em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
p code,li code,td code{padding:.05em .3em;border-radius:.25em;background:var(--panel)}
pre{margin:.4rem 0;padding:.8rem 1rem;overflow-x:auto;border-radius:.4rem;background:var(--panel)}
.wide{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:.925rem}
th,td{padding:.4rem .8rem .4rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th{font-size:.8rem;font-weight:600;color:var(--soft)}tr:last-child td{border-bottom:0}
details{margin:.5rem 0}summary{cursor:pointer;color:var(--link)}
@media(min-width:64rem){body{display:grid;grid-template-columns:19rem minmax(0,1fr)}
nav{position:sticky;top:0;height:100vh;overflow-y:auto;border-bottom:0;border-right:1px solid var(--line)}
main{margin:0;padding:2rem 3rem 8rem}}
@media print{nav{display:none}article{break-inside:avoid}}
"""
