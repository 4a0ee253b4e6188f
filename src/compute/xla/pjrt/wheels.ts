/* Plugins that can be installed, by the wheels they come in. Versions of the plugins are those this client was tried with. */
import type { Hardware } from './hardware';

/** What `cosim engine install` can install. */
export const INSTALLABLE = ['cuda13', 'cuda12', 'rocm', 'tpu'] as const;
export type Installable = (typeof INSTALLABLE)[number];

/** A plugin's wheels and what one must know before fetching them. */
export type Wheels = {
  /** what pip is given */
  requirements: readonly string[];
  hardware: Hardware;
  /** MB to fetch, about */
  megabytes: number;
  licence: string;
  /** what the machine must have */
  needs: string;
};

const NVIDIA_LICENCE = "Apache 2.0 (plugin); NVIDIA's CUDA and cuDNN licences (libraries)";

/** Those of JAX's project for NVIDIA and TPU, AMD's for ROCm. The NVIDIA lists are those of its extra `with-cuda`. */
export const WHEELS: Readonly<Record<Installable, Wheels>> = {
  cuda13: {
    requirements: [
      'jax-cuda13-pjrt==0.11.2', 'nvidia-cublas>=13.0.0.19,<14', 'nvidia-cuda-cupti>=13.0.48,<14',
      'nvidia-cuda-nvcc>=13.0.48,<14', 'nvidia-cuda-nvrtc>=13.0.48,<14', 'nvidia-cuda-runtime>=13.0.48,<14',
      'nvidia-cudnn-cu13>=9.12.0.46,<10', 'nvidia-cufft>=12.0.0.15,<13', 'nvidia-cusolver>=12.0.3.29,<13',
      'nvidia-cusparse>=12.6.2.49,<13', 'nvidia-nccl-cu13>=2.27.7,<3', 'nvidia-nvjitlink>=13.0.39,<14',
      'nvidia-nvshmem-cu13>=3.3.20,<4', 'nvidia-nvvm>=13,<14',
    ],
    hardware: 'nvidia',
    megabytes: 2500,
    licence: NVIDIA_LICENCE,
    needs: 'an NVIDIA card from Turing (2018) on, driver 580 or later',
  },
  cuda12: {
    requirements: [
      'jax-cuda12-pjrt==0.11.2', 'nvidia-cublas-cu12>=12.1.3.1,<13', 'nvidia-cuda-cupti-cu12>=12.1.105,<13',
      'nvidia-cuda-nvcc-cu12>=12.6.85,<13', 'nvidia-cuda-nvrtc-cu12>=12.1.55,<13', 'nvidia-cuda-runtime-cu12>=12.1.105,<13',
      'nvidia-cudnn-cu12>=9.10.2.21,<10', 'nvidia-cufft-cu12>=11.0.2.54,<12', 'nvidia-cusolver-cu12>=11.4.5.107,<12',
      'nvidia-cusparse-cu12>=12.1.0.106,<13', 'nvidia-nccl-cu12>=2.18.1,<3', 'nvidia-nvjitlink-cu12>=12.1.105,<13',
      'nvidia-nvshmem-cu12>=3.2.5,<4',
    ],
    hardware: 'nvidia',
    megabytes: 3200,
    licence: NVIDIA_LICENCE,
    needs: 'an NVIDIA card, driver 525.60.13 or later',
  },
  rocm: {
    requirements: ['jax-rocm7-pjrt==0.11.2'],
    hardware: 'amd',
    megabytes: 135,
    licence: 'Apache 2.0',
    needs: "an AMD card and ROCm 7, installed from AMD's packages",
  },
  tpu: {
    requirements: ['libtpu==0.0.52'],
    hardware: 'tpu',
    megabytes: 140,
    licence: 'Google Cloud Platform Terms of Service',
    needs: 'a Google Cloud TPU machine, Python 3.11 or later',
  },
}; // prettier-ignore
