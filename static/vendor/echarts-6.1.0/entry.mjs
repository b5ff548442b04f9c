// The part of Apache ECharts that the console draws with: lines, bars, flows, on a canvas.
import { init, use } from 'echarts/core';
import { BarChart, LineChart, SankeyChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { CanvasRenderer } from 'echarts/renderers';

use([BarChart, LineChart, SankeyChart, GridComponent, TooltipComponent, CanvasRenderer]);
export { init };
