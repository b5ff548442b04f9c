(()=>{var t=o=>{let c=o.I;o.I=()=>{let[,e]=/(?:^|; )_ga=GA\d\.\d\.(\d+\.\d+)/.exec(o.n.document.cookie)||[];return Object.assign(c(),e&&{google:{client:e}})}};F.push(t);})();
