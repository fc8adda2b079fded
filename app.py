"""Start of the app. Which pages there are, and what each run of one begins and ends with, stands in pages/frame/navigation.py.

Streamlit runs this file as a script for each visitor; when it serves, it takes `app` from it, which adds headers to every answer.
"""

import streamlit as st

if __name__ == "__main__":
    from pages.frame import navigation

    navigation.main()
else:
    from starlette.middleware import Middleware

    from pages.frame.headers import SecurityHeaders

    hosts = tuple(st.config.get_option("server.allowedHosts") or ())
    app = st.App(__file__, middleware=[Middleware(SecurityHeaders, hosts=hosts)])
