import type { FetchedName } from '../open-dataset';

/** A file as its publisher offers it. */
export type PublishedFile = {
  name: string;
  url: string;
  /** SHA-256 of the file, hexadecimal. */
  sha256: string;
  /** Of what a .gz file unpacks to: a file packed otherwise is as good. */
  contentSha256?: string;
};

/** A published data set: its files and what they must be. */
export type PublishedDataset = {
  title: string;
  licence: string;
  files: readonly PublishedFile[];
};

const MNIST = 'https://ossci-datasets.s3.amazonaws.com/mnist/'; // the publisher's own site answers no more
const FASHION = 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/';

const idxFile = (base: string, name: string, sha256: string, contentSha256: string): PublishedFile => ({
  name: `${name}.gz`,
  url: `${base}${name}.gz`,
  sha256,
  contentSha256,
});

/** What can be fetched, and what it must be. */
export const PUBLISHED: Readonly<Record<FetchedName, PublishedDataset>> = {
  cifar10: {
    title: 'CIFAR-10, binary version (Krizhevsky 2009)',
    licence:
      'none stated; the publisher asks to cite Krizhevsky, Learning Multiple Layers of Features from Tiny Images',
    files: [
      {
        name: 'cifar-10-binary.tar.gz',
        url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
        sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
      },
    ],
  },
  mnist: {
    title: 'MNIST (LeCun, Cortes and Burges 1998)',
    licence: 'CC BY-SA 3.0; LeCun and Cortes',
    files: [
      idxFile(
        MNIST,
        'train-images-idx3-ubyte',
        '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609',
        'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
      ),
      idxFile(
        MNIST,
        'train-labels-idx1-ubyte',
        '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c',
        '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
      ),
      idxFile(
        MNIST,
        't10k-images-idx3-ubyte',
        '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6',
        '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
      ),
      idxFile(
        MNIST,
        't10k-labels-idx1-ubyte',
        'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6',
        'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
      ),
    ],
  },
  'fashion-mnist': {
    title: 'Fashion-MNIST (Xiao, Rasul and Vollgraf 2017)',
    licence: 'MIT; Zalando SE',
    files: [
      idxFile(
        FASHION,
        'train-images-idx3-ubyte',
        '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84',
        'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
      ),
      idxFile(
        FASHION,
        'train-labels-idx1-ubyte',
        'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845',
        'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
      ),
      idxFile(
        FASHION,
        't10k-images-idx3-ubyte',
        '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073',
        '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
      ),
      idxFile(
        FASHION,
        't10k-labels-idx1-ubyte',
        '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5',
        '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
      ),
    ],
  },
};
