# An image whose command is `vae`, for containers and for vae experiment --launcher kubernetes (docs/scale.md):
#   docker build -t tfjs-vae .
#   docker build -t tfjs-vae --build-arg SETUP=tensorflow .
FROM node:24-bookworm AS packed
WORKDIR /src
COPY . .
RUN npm ci && npm run package

FROM node:24-bookworm-slim
ENV TFJS_VAE_CACHE=/var/cache/tfjs-vae
COPY --from=packed /src/tfjs-vae-*.tgz /tmp/
RUN npm install --global --no-audit --no-fund /tmp/tfjs-vae-*.tgz \
  && rm -r /tmp/tfjs-vae-*.tgz /root/.npm \
  && mkdir -m 1777 "$TFJS_VAE_CACHE"
ARG SETUP=""
RUN [ "$SETUP" != tensorflow ] || { \
    apt-get update && apt-get install -y --no-install-recommends python3 python3-pip \
    && vae setup tensorflow \
    && rm -r /var/lib/apt/lists/*; \
  }
USER node
WORKDIR /home/node
ENTRYPOINT ["vae"]
