"""Start of the app. What each visitor's run begins and ends with stands in pages/frame/navigation.py.

Streamlit runs this file as a script for each visitor; when it serves, it takes `app` from it, which adds headers to
every answer.
"""

import streamlit as st

if __name__ == "__main__":
    from pages.frame import navigation

    navigation.main()
else:
    from starlette.middleware import Middleware

    from pages.frame import server
    from pages.frame.headers import SecurityHeaders

    server.name_own_pages()
    hosts = tuple(st.config.get_option("server.allowedHosts") or ())
    app = st.App(__file__, middleware=[Middleware(SecurityHeaders, hosts=hosts)])
