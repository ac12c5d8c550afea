# The gateway and its listeners, one image for all: docker-compose.yml's profile "system" builds it.
FROM python:3.13.9-slim-bookworm
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONUTF8=1
WORKDIR /app
COPY requirements.txt .
# Only what a service imports, in the pinned versions; tests/machine/test_image.py knows when the list is wrong.
RUN pip install --no-cache-dir --only-binary=:all: --constraint requirements.txt \
    aiosmtpd cloudevents fastapi httpx ipywidgets "kafka-python[crc32c,lz4,snappy,zstd]" pydantic uvicorn
COPY fiberlab fiberlab
COPY classroom classroom
COPY data data
RUN useradd --uid 10001 --create-home service && install --directory --owner=service /ledgers
USER service
ENTRYPOINT ["python", "-m", "classroom.commands", "classroom.commands.service"]
