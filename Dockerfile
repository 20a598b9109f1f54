# Two stages: the first installs (and builds the viewer), the second runs as a user without rights.
FROM debian:12-slim AS install
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv ca-certificates
WORKDIR /src
COPY . .
RUN python3 -m venv /opt/park-twin
RUN /opt/park-twin/bin/python -m pip install --quiet --disable-pip-version-check .

FROM debian:12-slim
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends python3 libegl1 libgl1 libgl1-mesa-dri fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --create-home --home-dir /var/lib/park-twin park
COPY --from=install /opt/park-twin /opt/park-twin
ENV PATH=/opt/park-twin/bin:$PATH \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    VTK_DEFAULT_OPENGL_WINDOW=vtkEGLRenderWindow \
    PARK_TWIN_DATA_DIR=/var/lib/park-twin/data \
    PARK_TWIN_WEB_HOST=0.0.0.0 \
    PARK_TWIN_HJ212_HOST=0.0.0.0
USER park
WORKDIR /var/lib/park-twin
VOLUME /var/lib/park-twin/data
EXPOSE 8212 9212
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s --retries=4 \
  CMD python3 -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8212/health', timeout=4)"
ENTRYPOINT ["park-twin"]
CMD ["run", "--scene", "qingliu"]
