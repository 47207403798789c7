FROM python:3.12-slim AS build
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes --no-deps -r requirements.txt
COPY . .
# Values that only let the settings load; the image keeps none of them.
RUN export SECRET_KEY=only-for-collecting-the-static-files-of-this-image \
        DATABASE_URL=postgres://build@localhost/build REDIS_URL=redis://localhost/0 \
        ALLOWED_HOSTS=localhost SITE_URL=https://localhost STATIC_ROOT=/app/static-root \
    && python manage.py compile_texts \
    && python manage.py collectstatic --no-input --verbosity 0

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin desk \
    && mkdir -p /app/var/media && chown -R desk /app/var
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    STATIC_ROOT=/app/static-root
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
USER desk
VOLUME /app/var
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# An ASGI server or a worker alone runs no system checks.
ENTRYPOINT ["sh", "-c", "python manage.py check --deploy --fail-level WARNING && exec \"$@\"", "--"]
CMD ["python", "-m", "supportdesk.operations.server", "--host", "0.0.0.0", "--port", "8000"]
